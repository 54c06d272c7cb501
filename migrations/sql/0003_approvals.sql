-- Four eyes: what one operator asked for and another has to approve.

CREATE TABLE approvals (
    id bigint PRIMARY KEY,          -- also the posting that asked
    kind text NOT NULL,             -- of the command that waits
    arguments jsonb NOT NULL,       -- its contents
    reason text NOT NULL,
    asked_by bigint NOT NULL REFERENCES operators (holder_id),
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    decided_by bigint REFERENCES operators (holder_id),   -- null where it lapsed
    decided_at timestamptz,
    decline_reason text,
    posting_id bigint,              -- what approving posted
    CONSTRAINT approvals_state_is_known CHECK (
        state IN ('waiting', 'approved', 'declined', 'lapsed')),
    CONSTRAINT approvals_four_eyes CHECK (state <> 'approved' OR decided_by <> asked_by),
    CONSTRAINT approvals_decision_is_whole CHECK (
        (state <> 'waiting') = (decided_at IS NOT NULL)
        AND (state IN ('approved', 'declined')) = (decided_by IS NOT NULL)
        AND (state = 'approved') = (posting_id IS NOT NULL)
        AND (state = 'declined') = (decline_reason IS NOT NULL)),
    CONSTRAINT approvals_expire_later CHECK (expires_at > asked_at)
);
CREATE INDEX approvals_waiting ON approvals (expires_at) WHERE state = 'waiting';   -- the worker
CREATE INDEX approvals_by_state ON approvals (state, id);   -- the operators' list

CREATE TRIGGER approvals_decided_once BEFORE UPDATE ON approvals FOR EACH ROW
    WHEN (OLD.state <> 'waiting') EXECUTE FUNCTION refuse_change('an approval is decided once');
CREATE TRIGGER approvals_keep_what_was_asked
    BEFORE UPDATE OF id, kind, arguments, reason, asked_by, asked_at, expires_at ON approvals
    FOR EACH ROW EXECUTE FUNCTION refuse_change('an approval keeps what was asked');
CREATE TRIGGER approvals_never_deleted BEFORE DELETE OR TRUNCATE ON approvals
    FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('an approval is never deleted', 'approvals_append_only');
