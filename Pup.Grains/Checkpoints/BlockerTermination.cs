using Npgsql;
using Pup.Grains.Feed;

namespace Pup.Grains.Checkpoints;

/// <summary>
/// Ends sessions of frozen silos that hold a partition's row. A silo frozen while it sends a batch leaves its backend reading from
/// the socket with the row locked, and no timeout of PostgreSQL ends that.
/// </summary>
internal static class BlockerTermination
{
    // Only Pup's own sessions, and only transactions older than any living handler can make them.
    private const string TerminateSql = """
        select count(*) filter (where pg_terminate_backend(pid))
        from pg_stat_activity
        where pid = any(pg_blocking_pids($1)) and application_name like 'pup%' and xact_start < clock_timestamp() - $2
        """;

    /// <returns>How many sessions were ended.</returns>
    public static async Task<long> RunAsync(Generation generation, int waitingPid, TimeSpan handlerTimeout, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(TerminateSql);
        command.Parameters.Add(new() { Value = waitingPid });
        command.Parameters.Add(new() { Value = handlerTimeout });
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
