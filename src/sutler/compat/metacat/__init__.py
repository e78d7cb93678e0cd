"""The MetaCat protocol: `/metacat/data/…`, the same with an experiment, and the pages that other systems lead to.

`answer_data(call)` answers the data service, `answer_gui(call)` leads from addresses of the original's pages to ours.
All methods stand in `methods.py`. A *role* of this protocol is the name of a group. Words for what fails are made in
`failures.py`, from the errors of the catalogue.
"""

from sutler.compat.metacat.failures import make_refusal
from sutler.compat.metacat.gui import answer_gui
from sutler.compat.metacat.methods import answer_data

__all__ = ["answer_data", "answer_gui", "make_refusal"]
