using System.Diagnostics;
using Npgsql;
using Pup.Bench.Servers;

namespace Pup.Bench.Cluster;

/// <summary>What a cluster does, as its database tells: who has joined, who owns what, and since when.</summary>
internal sealed class ClusterArena(BenchDatabase database)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    // A partition is taken when its row names a silo anew, and left when its owner says that it stopped of its own accord.
    public const string Journal = """
        create table ownership_journal (at timestamptz not null default clock_timestamp(), partition int not null, taken boolean not null);
        create function note_ownership() returns trigger language plpgsql as $$
        begin
            insert into ownership_journal (partition, taken) values (new.partition, tg_op = 'INSERT' or new.takeovers <> 0);
            return null;
        end $$;
        create trigger note_ownership after insert or update of silo, takeovers on projection_partitions for each row execute function note_ownership();
        """;

    private const string Joined = "select count(*) from orleans.orleansmembershiptable where status = 3 and port = any($1)";

    private const string Behind = """
        select count(*) from projections p cross join lateral generate_series(0, p.partitions - 1) as index
        left join projection_checkpoints c on c.projection_name = case when p.partitions = 1 then p.name else p.name || '_p' || index end
        left join projection_partitions o on o.projection_name = p.name and o.partition = index
        where c.last_global_position is null or c.last_global_position < $1 or o.silo is null or split_part(o.silo, '@', 1) <> all($2)
        """;

    private const string Append = """
        insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        values ('Bench', 'Order', gen_random_uuid()::text, 1, gen_random_uuid(), 'OrderPlaced', convert_to('{"amount":1}', 'UTF8'))
        returning global_position
        """;

    private const string Share = "select count(*) from projection_partitions where split_part(silo, '@', 1) = $1";

    public Task JoinedAsync(IReadOnlyCollection<SiloChild> silos, CancellationToken cancellationToken) => UntilAsync(
        async () => await ScalarAsync<long>(Joined, cancellationToken, silos.Select(silo => silo.Port).ToArray()) == silos.Count, "all silos are up", cancellationToken);

    public async Task<long> AppendAsync(CancellationToken cancellationToken) => await ScalarAsync<long>(Append, cancellationToken);

    /// <summary>Seconds until every partition has applied an event appended now, on one of these silos.</summary>
    public async Task<double> AllAdvanceAsync(IEnumerable<SiloChild> on, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.GetTimestamp();
        var target = await AppendAsync(cancellationToken);
        var endpoints = on.Select(silo => silo.Endpoint).ToArray();
        await UntilAsync(async () => await ScalarAsync<long>(Behind, cancellationToken, target, endpoints) == 0, "every partition advances", cancellationToken);
        return Math.Round(Stopwatch.GetElapsedTime(clock).TotalSeconds, 2);
    }

    /// <summary>How many partitions each silo owns.</summary>
    public async Task<IReadOnlyList<long>> SpreadAsync(IEnumerable<SiloChild> silos, CancellationToken cancellationToken)
    {
        var shares = new List<long>();
        foreach (var silo in silos)
            shares.Add(await ScalarAsync<long>(Share, cancellationToken, silo.Endpoint));
        return shares;
    }

    public async Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken cancellationToken)
    {
        for (var clock = Stopwatch.GetTimestamp(); !await condition(); await Task.Delay(s_pause, cancellationToken))
        {
            if (Stopwatch.GetElapsedTime(clock) > TimeSpan.FromMinutes(3))
                throw new BenchException($"Not within three minutes: {what}. See the silos' messages above.");
        }
    }

    public async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken, params object[] arguments)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        foreach (var argument in arguments)
            command.Parameters.Add(new NpgsqlParameter { Value = argument });
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
