using Npgsql;
using Pup.Grains.Partitions;

namespace Pup.Grains.Checkpoints;

/// <summary>
/// Stops a projection one of whose rows somebody moved back while a repartition was being worked off. The row asks to have events
/// applied again that a vector says are applied; which of them the read model holds, only a rebuild can tell.
/// </summary>
internal static class MovedBackRows
{
    // New epochs fence running batches out. Paused stays paused: the row is found again on resume.
    private const string StopSql = """
        update projections set state = 'needs_rebuild', state_reason = $2, updated_at = now()
        where name = $1 and state in ('running', 'rebuilding')
        """;

    private const string NewEpochsSql = "update projection_checkpoints set epoch = nextval('projection_epochs') where projection_name = any($1)";

    /// <returns>What is wrong and what to do; null when no row was moved back.</returns>
    public static async Task<string?> DeclareAsync(LockedProjection projection, CancellationToken cancellationToken)
    {
        if (Repartitioning.MovedBack(projection.Rows) is not { } row)
            return null;
        var reason = Describe(projection.Name, row);
        await using var batch = new NpgsqlBatch(projection.Connection)
        {
            BatchCommands =
            {
                new(StopSql) { Parameters = { new() { Value = projection.Name }, new() { Value = reason } } },
                new(NewEpochsSql) { Parameters = { new() { Value = projection.Rows.Select(static found => found.Name).ToArray() } } },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return reason;
    }

    private static string Describe(string projection, PartitionRow row)
    {
        var what = row.Position is null ? "was deleted"
            : row.Applied is null ? "was deleted and made anew"
            : $"was moved back from {row.Applied.Position} to {row.Position}";
        return $"Checkpoint '{row.Name}' {what} while a repartition was being worked off, so nobody can tell any more which events the read model holds. Run `pup rebuild {projection}`.";
    }
}
