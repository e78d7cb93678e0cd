-- A call with an Idempotency-Key notes what it does in the transaction that does it: when its answer is lost, it is
-- known to have been carried out and is not carried out again. `holder` is who answers it, NULL when nobody does any
-- more; `events` is NULL until something was done.
ALTER TABLE database.idempotent_calls
    ADD COLUMN holder uuid,
    ADD COLUMN events jsonb;
