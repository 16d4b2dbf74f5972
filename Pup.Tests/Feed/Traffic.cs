using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

/// <summary>
/// Writers that do whatever makes positions and commits come in different orders. They share aggregates, whose head
/// row each locks first, so that versions and positions of one aggregate agree. Seeded; the seed is in every message.
/// </summary>
internal sealed class Traffic(TestDatabase database, int seed)
{
    public const int Writers = 20;
    private const int Aggregates = 300;

    private const string HeadSql = """
        insert into aggregate_heads (bounded_context, aggregate_type, aggregate_id, aggregate_version) values ('test', 'thing', $1, 1)
        on conflict (bounded_context, aggregate_type, aggregate_id) do update set aggregate_version = aggregate_heads.aggregate_version + 1
        returning aggregate_version
        """;

    /// <summary>Set when a server is stopped on purpose: a writer then begins again instead of failing.</summary>
    public bool SurvivesCrashes { get; init; }

    public async Task RunAsync(TimeSpan duration)
    {
        using var stop = new CancellationTokenSource(duration);
        await RunAsync(stop.Token);
    }

    public Task RunAsync(CancellationToken stop) =>
        Task.WhenAll([VacuumAsync(stop), .. Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer, stop)))]);

    private async Task VacuumAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await database.ExecuteAsync("vacuum analyze events");
            }
            catch (Exception e) when (SurvivesCrashes && e is NpgsqlException)
            {
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    private async Task WriteAsync(int writer, CancellationToken stop)
    {
        var random = new Random(seed + writer);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false;Application Name=traffic");
                await connection.OpenAsync(CancellationToken.None);
                if (writer % 2 == 0)
                    await connection.ExecuteAsync("set synchronous_commit = off");
                while (!stop.IsCancellationRequested)
                    await TransactAsync(connection, random, writer);
            }
            catch (Exception e) when (SurvivesCrashes && e is NpgsqlException)
            {
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    private static async Task TransactAsync(NpgsqlConnection connection, Random random, int writer)
    {
        await connection.ExecuteAsync("begin");
        var aggregate = $"thing {random.Next(Aggregates)}";
        var kind = random.Next(100);
        for (var events = random.Next(1, 4); events > 0; events--)
        {
            await Log.AppendAsync(connection, aggregate, await HeadAsync(connection, aggregate));
            await PauseAsync(random);
        }

        if (kind < 15)
            await SavepointAsync(connection, random, aggregate);
        else if (kind < 20)
            await CopyAsync(connection, random, writer);

        if (kind is >= 20 and < 35)
            await connection.ExecuteAsync("rollback");
        else if (kind is >= 35 and < 50)
            await TwoPhaseAsync(connection, random, writer);
        else
            await connection.ExecuteAsync("commit");
    }

    private static async Task SavepointAsync(NpgsqlConnection connection, Random random, string aggregate)
    {
        await connection.ExecuteAsync("savepoint s");
        await Log.AppendAsync(connection, aggregate, await HeadAsync(connection, aggregate));
        await PauseAsync(random);
        await connection.ExecuteAsync(random.Next(2) == 0 ? "rollback to savepoint s" : "release savepoint s");
    }

    private static async Task CopyAsync(NpgsqlConnection connection, Random random, int writer)
    {
        await using var copy = await connection.BeginBinaryImportAsync(Log.CopySql);
        var aggregate = $"copied by {writer}: {Guid.NewGuid()}";
        for (var version = 1; version <= 50; version++)
            await Log.WriteRowAsync(copy, aggregate, version);
        await PauseAsync(random);
        await copy.CompleteAsync();
    }

    private static async Task TwoPhaseAsync(NpgsqlConnection connection, Random random, int writer)
    {
        var name = $"{writer} {Guid.NewGuid()}";
        await connection.ExecuteAsync($"prepare transaction '{name}'");
        await PauseAsync(random);
        await connection.ExecuteAsync($"{(random.Next(4) == 0 ? "rollback" : "commit")} prepared '{name}'");
    }

    // Mostly none, sometimes long: what is short must overtake what is long.
    private static async Task PauseAsync(Random random)
    {
        if (random.Next(3) == 0)
            await Task.Delay(random.Next(1, random.Next(8) == 0 ? 300 : 15));
    }

    private static async Task<long> HeadAsync(NpgsqlConnection connection, string aggregate)
    {
        await using var command = new NpgsqlCommand(HeadSql, connection) { Parameters = { new() { Value = aggregate } } };
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
