using System.Globalization;
using Npgsql;
using Pup.Grains.Feed;

namespace Pup.Grains.Checkpoints;

/// <summary>Who stands in the way of a session that waits for a lock.</summary>
internal static class Blockers
{
    // Whoever waits behind somebody else is not the cause. Names and ages of other roles' sessions may be hidden.
    private const string FindSql = """
        with recursive chain (pid) as (
            select unnest(pg_blocking_pids($1))
            union
            select unnest(pg_blocking_pids(chain.pid)) from chain where chain.pid <> 0)
        select chain.pid, a.application_name, a.state, extract(epoch from clock_timestamp() - a.xact_start)::float8
        from chain left join pg_stat_activity a on a.pid = chain.pid
        where chain.pid = 0 or cardinality(pg_blocking_pids(chain.pid)) = 0
        order by a.xact_start
        limit 1
        """;

    /// <returns>The one in whose way nobody stands, in words; null when nobody is in the way.</returns>
    public static async Task<string?> FindAsync(Generation generation, int waitingPid, CancellationToken cancellationToken)
    {
        await using var command = generation.DataSource.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = waitingPid });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var pid = reader.GetInt32(0);
        if (pid == 0)
            return "a prepared transaction (pg_prepared_xacts)";
        var name = reader.IsDBNull(1) || reader.GetString(1).Length == 0 ? "" : $" ({reader.GetString(1)})";
        var state = reader.IsDBNull(2) ? "" : $", {reader.GetString(2)}";
        var age = reader.IsDBNull(3) ? "" : string.Create(CultureInfo.InvariantCulture, $", its transaction open for {reader.GetDouble(3):0} s");
        return $"pid {pid}{name}{state}{age}";
    }
}
