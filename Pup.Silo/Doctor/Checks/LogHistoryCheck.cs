using Npgsql;
using Pup.Grains.Feed;

namespace Pup.Silo.Doctor.Checks;

/// <summary>Whether the log is still the one whose positions were recorded.</summary>
internal sealed class LogHistoryCheck : ICheck
{
    public string Subject => "The end of the log";

    public async Task<IReadOnlyList<Finding>> EndAsync(ExaminedDatabase database, CancellationToken cancellationToken)
    {
        // In the order of a look: what was recorded first, so that what silos record meanwhile is not ahead of the log.
        var persisted = await MarkStore.ReadAsync(database.Connection, cancellationToken);
        var checks = (await database.ReadAsync(LookSession.ChecksSql, LookSession.ReadChecks, cancellationToken))[0];
        if (checks.Sequence is null)
            return [];
        var visible = (await database.ReadAsync(LookSession.VisibleSql, static row => row.GetInt64(0), cancellationToken))[0];
        var sequence = await SequenceAsync(database, checks, cancellationToken);
        return [.. Judge(persisted, new LookReading(checks, visible, sequence, [], TimeSpan.Zero))];
    }

    public static IEnumerable<Finding> Judge(PersistedLog persisted, LookReading reading)
    {
        var sequence = reading.Checks.Sequence;
        if (reading.SequenceValue < reading.Visible)
        {
            yield return new Finding(
                Severity.Error, Codes.PositionsByValue, $"Position {reading.Visible} is visible, but the sequence has only given out {reading.SequenceValue}: positions were written as values, and nothing is read.",
                $"sequence {sequence}", $"Stop such writers and run `select setval('{sequence}', (select max(global_position) from events))`.");
            yield break;
        }

        if (Find(persisted, reading) is { } finding)
            yield return finding;
    }

    private static Finding? Find(PersistedLog persisted, LookReading reading)
    {
        try
        {
            return LogHistory.Judge(persisted, reading) is { } warning
                ? new Finding(
                    Severity.Warning, Codes.NewestEventsMissing, warning, "table events",
                    "If they were deleted on purpose, rebuild the projections that must not show them: `pup rebuild …`. It ends by itself when the log has grown past that position.")
                : null;
        }
        catch (LogWentBackException e)
        {
            return new Finding(
                Severity.Error, Codes.LogWentBack, e.Finding, "table events",
                "Nothing is applied until this is settled: restore the read models and checkpoints that match this log, or rebuild the projections; then run `pup accept-log`.");
        }
    }

    private static async Task<long> SequenceAsync(ExaminedDatabase database, LookChecks checks, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LookSession.SequenceSql, database.Connection)
        {
            Parameters = { new NpgsqlParameter<uint> { TypedValue = checks.SequenceId, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid } },
        };
        return (long)(await command.ExecuteScalarAsync(cancellationToken) ?? 0L);
    }
}
