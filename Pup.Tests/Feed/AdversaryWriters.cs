using Npgsql;
using Pup.Client.Events;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

/// <summary>Writers that commit late, out of order, in part, in two phases or not at all, and die on the way.</summary>
internal sealed class AdversaryWriters(TestDatabase database, int seed)
{
    private const string InsertSql = """
        insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        select 'test', $1, gen_random_uuid()::text, 1, gen_random_uuid(), $2, convert_to(repeat('x', $3), 'utf8') from generate_series(1, $4)
        """;

    private int _prepared;

    public Task RunAsync(int writers, CancellationToken until) =>
        Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteAsync(new Random(seed + writer), until))));

    private async Task WriteAsync(Random random, CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false;Application Name=adversary");
                await connection.OpenAsync(CancellationToken.None);
                while (!until.IsCancellationRequested)
                    await WriteOnceAsync(connection, random);
            }
            catch (NpgsqlException)
            {
                // Terminated by the saboteur, or a deadlock: what was open is rolled back, and another connection goes on.
            }
        }
    }

    private async Task WriteOnceAsync(NpgsqlConnection connection, Random random)
    {
        switch (random.Next(10))
        {
            case 0:
                await new EventStore(database.DataSource).AppendAsync(
                    "test", "thing", $"hot-{random.Next(3)}", ExpectedVersion.Any, [new() { EventType = "Happened", Payload = new byte[random.Next(100)] }]);
                return;
            case 1:
                await CopyAsync(connection, random);
                return;
            case 2:
                await TwoPhasesAsync(connection, random);
                return;
            case 3:
                await connection.ExecuteAsync("begin; lock table events in share row exclusive mode");
                await InsertAsync(connection, random);
                await PauseAsync(random, 5);
                await connection.ExecuteAsync("commit");
                return;
            case 4:
                await connection.ExecuteAsync("begin; savepoint s");
                await InsertAsync(connection, random);
                await PauseAsync(random, 10);
                await connection.ExecuteAsync("rollback to s");
                await PauseAsync(random, 10);
                await InsertAsync(connection, random);
                await PauseAsync(random, 30);
                await connection.ExecuteAsync("commit");
                return;
            case 5:
                await connection.ExecuteAsync("begin; delete from events where false");
                await PauseAsync(random, 30);
                await connection.ExecuteAsync("rollback");
                return;
            default:
                await connection.ExecuteAsync("begin");
                for (var statement = random.Next(1, 4); statement > 0; statement--)
                {
                    await InsertAsync(connection, random);
                    await PauseAsync(random, 40);
                }

                await connection.ExecuteAsync(random.Next(4) == 0 ? "rollback" : "commit");
                return;
        }
    }

    private static async Task InsertAsync(NpgsqlConnection connection, Random random)
    {
        await using var command = new NpgsqlCommand(InsertSql, connection)
        {
            Parameters =
            {
                new() { Value = random.Next(2) == 0 ? "thing" : "other" },
                new() { Value = random.Next(50) == 0 ? "Rare" : "Happened" },
                new() { Value = random.Next(200) },
                new() { Value = random.Next(1, 8) },
            },
        };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task CopyAsync(NpgsqlConnection connection, Random random)
    {
        await using var import = await connection.BeginBinaryImportAsync(
            "copy events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload) from stdin (format binary)");
        for (var row = random.Next(1, 20); row > 0; row--)
        {
            await import.WriteRowAsync(
                CancellationToken.None, "test", "thing", Guid.NewGuid().ToString(), 1L, Guid.NewGuid(), "Copied", new byte[random.Next(50)]);
            await PauseAsync(random, 3);
        }

        if (random.Next(4) > 0)
            await import.CompleteAsync();
    }

    private async Task TwoPhasesAsync(NpgsqlConnection connection, Random random)
    {
        var name = $"adversary_{Interlocked.Increment(ref _prepared)}_{seed}";
        await connection.ExecuteAsync("begin");
        await InsertAsync(connection, random);
        await connection.ExecuteAsync($"prepare transaction '{name}'");
        await PauseAsync(random, 60);
        // On another connection: this one may be gone, and a prepared transaction outlives it.
        await database.ExecuteAsync(random.Next(3) == 0 ? $"rollback prepared '{name}'" : $"commit prepared '{name}'");
    }

    // Half of the time no pause at all: the orders that matter are those of microseconds as well as of milliseconds.
    private static Task PauseAsync(Random random, int milliseconds) =>
        random.Next(2) == 0 ? Task.CompletedTask : Task.Delay(random.Next(milliseconds));
}
