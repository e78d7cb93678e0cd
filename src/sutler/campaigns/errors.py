"""Errors of the campaigns room."""

from __future__ import annotations

from sutler.base.errors import ConflictError, InvalidInputError


class NotAScriptError(InvalidInputError):
    """The launch script cannot be run."""

    code = "campaigns.not_a_script"


class UnknownVariableError(InvalidInputError):
    """The text uses a variable that has no value."""

    code = "campaigns.unknown_variable"


class SplitTypeError(InvalidInputError):
    """The split type cannot be read."""

    code = "campaigns.split_type"


class StageWithoutDataError(InvalidInputError):
    """The stage has nothing to work on."""

    code = "campaigns.stage_without_data"


class StageIncompleteError(InvalidInputError):
    """The stage lacks something that it is launched with."""

    code = "campaigns.stage_incomplete"


class LaunchHostError(InvalidInputError):
    """The login setup logs in to a host that is not allowed."""

    code = "campaigns.launch_host"


class CampaignShapeError(InvalidInputError):
    """The stages and dependencies of the campaign do not fit together."""

    code = "campaigns.shape"


class StageHeldError(ConflictError):
    """Launches of this stage are on hold."""

    code = "campaigns.stage_held"


class NothingToLaunchError(ConflictError):
    """There are no files for a new submission."""

    code = "campaigns.nothing_to_launch"


class SubmissionOverError(ConflictError):
    """The submission has ended already."""

    code = "campaigns.submission_over"


class LaunchKeyTakenError(ConflictError):
    """That launch key was used for another stage."""

    code = "campaigns.launch_key_taken"


class SliceTakenError(ConflictError):
    """Other launches of the stage have taken the files of this slice. Launch it again."""

    code = "campaigns.slice_taken"


class NotPossibleError(ConflictError):
    """This cannot be done with the submission as it is."""

    code = "campaigns.not_possible"


class InUseError(ConflictError):
    """Something refers to it. Change that first."""

    code = "campaigns.in_use"


class CampaignLaunchedError(ConflictError):
    """The campaign was launched, so it stays. It can be marked inactive."""

    code = "campaigns.launched"


class NoLeadingStageError(ConflictError):
    """A campaign is launched at the one stage that nothing feeds."""

    code = "campaigns.no_leading_stage"


class ChangedMeanwhileError(ConflictError):
    """Somebody has changed it since you looked. Look again, then change it."""

    code = "campaigns.changed_meanwhile"
