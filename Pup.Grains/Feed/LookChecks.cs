namespace Pup.Grains.Feed;

/// <summary>Step 0 of a look: what must hold before its other answers mean anything.</summary>
internal sealed record LookChecks(
    bool InRecovery,
    string Isolation,
    int BackendPid,
    long? Table,
    bool TableReadable,
    uint SequenceId,
    string? Sequence,
    long SequenceCache,
    long SequenceIncrement,
    bool SequenceCycles,
    bool SequenceReadable,
    long? SequenceFilenode)
{
    /// <summary>Throws when this session may not go on, or when the look may not move the mark.</summary>
    /// <param name="first">This session's first look; null if this is it.</param>
    public void Demand(LookChecks? first)
    {
        if (InRecovery)
            throw new LookSessionLostException(
                "The server is a replica (in recovery): open writers cannot be seen there. Connect to the primary, e.g. list all hosts with Target Session Attributes=primary.");
        if (first is not null && BackendPid != first.BackendPid)
            throw new LookSessionLostException(
                "The look session was moved to another server process: a pooler stands in between. Pup needs a direct connection (or a pooler in session mode).");
        if (Table is null)
            throw new IncompleteLookException(
                "The events table does not exist on this connection's search path. Run `pup migrate`, or set `Search Path` in the connection string.");
        if (!TableReadable)
            throw new IncompleteLookException("Missing privilege: `grant select on events` to Pup's role.");
        if (Sequence is null)
            throw new IncompleteLookException(
                "events.global_position takes its default from no sequence, so open writers cannot be judged. Give it one, as `bigserial` does.");
        if (!SequenceReadable)
            throw new IncompleteLookException($"Missing privilege: `grant select on sequence {Sequence}` to Pup's role.");
        if (SequenceCache != 1)
            throw new IncompleteLookException(
                $"Sequence {Sequence} has CACHE {SequenceCache}: sessions take positions in blocks and write them much later, below events already applied. " +
                $"Stop the writers, run `alter sequence {Sequence} cache 1` and, if Pup then says that the log went back, `pup accept-log`.");
        if (SequenceIncrement < 1 || SequenceCycles)
            throw new IncompleteLookException(
                $"Sequence {Sequence} does not only rise. Run `alter sequence {Sequence} increment 1 no cycle`.");
        if (Isolation != "read committed")
            throw new IncompleteLookException(
                $"The look session runs in isolation level '{Isolation}', where its steps would share one snapshot. Remove `default_transaction_isolation` from the connection's Options.");
        if (first is not null && (Table != first.Table || SequenceId != first.SequenceId || SequenceFilenode != first.SequenceFilenode))
            throw new LogWentBackException(
                $"the events table or its sequence {Sequence} was replaced, truncated with `restart identity`, or altered while Pup was running.");
    }
}
