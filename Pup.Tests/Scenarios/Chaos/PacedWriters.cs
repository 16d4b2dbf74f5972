using System.Diagnostics;
using Npgsql;
using Pup.Tests.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Chaos;

/// <summary>
/// Writers whose positions and commits come in different orders, spread evenly over a run: rollbacks, savepoints, transactions that stay
/// open for long, commits that are not flushed. They share aggregates, whose head row each locks first, so that versions and positions of
/// one aggregate agree.
/// </summary>
internal sealed class PacedWriters(TestDatabase database, int seed, ChaosPlan plan)
{
    private const int Writers = 8;
    private const int Aggregates = 100;

    private const string HeadSql = """
        insert into aggregate_heads (bounded_context, aggregate_type, aggregate_id, aggregate_version) values ('test', 'thing', $1, 1)
        on conflict (bounded_context, aggregate_type, aggregate_id) do update set aggregate_version = aggregate_heads.aggregate_version + 1
        returning aggregate_version
        """;

    private const string BurstSql = """
        insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        select 'test', 'thing', $1 || '-' || (i % 30), 1 + i / 30, gen_random_uuid(), 'Happened', '' from generate_series(0, $2 - 1) as i order by i
        """;

    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private long _written;

    public bool IsAllWritten => Volatile.Read(ref _written) >= plan.Events;

    private long Due => (long)(plan.Events * Math.Min(1, _watch.Elapsed / plan.Duration));

    public Task RunAsync(CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(new Random(seed + writer), writer, stop), CancellationToken.None)));

    /// <summary>Many events at once, of aggregates of their own.</summary>
    public Task BurstAsync() => Patience.KeepAsync(database, async () =>
    {
        // Another name at each try: the one before may have been committed.
        await database.ExecuteAsync(BurstSql, Guid.NewGuid().ToString(), ChaosPlan.Burst);
        return Interlocked.Add(ref _written, ChaosPlan.Burst);
    });

    private async Task WriteAsync(Random random, int writer, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false;Application Name=writer");
                await connection.OpenAsync(CancellationToken.None);
                await connection.ExecuteAsync($"set synchronous_commit = {(writer % 2 == 0 ? "on" : "off")}");
                while (!stop.IsCancellationRequested)
                {
                    if (Volatile.Read(ref _written) < Due)
                        Interlocked.Add(ref _written, await TransactAsync(connection, random));
                    else
                        await Task.Delay(5, CancellationToken.None);
                }
            }
            catch (NpgsqlException)
            {
                // The server is away; what was open is rolled back.
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    private static async Task<int> TransactAsync(NpgsqlConnection connection, Random random)
    {
        await connection.ExecuteAsync("begin");
        var aggregate = $"thing {random.Next(Aggregates)}";
        var events = random.Next(1, 4);
        for (var number = 0; number < events; number++)
            await AppendAsync(connection, random, aggregate);
        if (random.Next(5) == 0)
        {
            await connection.ExecuteAsync("savepoint s");
            await AppendAsync(connection, random, aggregate);
            var isKept = random.Next(2) == 0;
            await connection.ExecuteAsync(isKept ? "release savepoint s" : "rollback to savepoint s");
            events += isKept ? 1 : 0;
        }

        var isCommitted = random.Next(8) > 0;
        await connection.ExecuteAsync(isCommitted ? "commit" : "rollback");
        return isCommitted ? events : 0;
    }

    private static async Task AppendAsync(NpgsqlConnection connection, Random random, string aggregate)
    {
        await using var head = new NpgsqlCommand(HeadSql, connection) { Parameters = { new() { Value = aggregate } } };
        await Log.AppendAsync(connection, aggregate, (long)(await head.ExecuteScalarAsync())!);
        // Mostly none, sometimes long: what is short must overtake what is long.
        if (random.Next(4) == 0)
            await Task.Delay(random.Next(1, random.Next(25) == 0 ? 800 : 15));
    }
}
