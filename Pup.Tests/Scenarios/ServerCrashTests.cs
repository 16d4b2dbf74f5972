using Npgsql;
using Pup.Tests.Feed;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Scenarios.Worker;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class ServerCrashTests
{
    private const string AnyPupSessionSql = """
        select pid from pg_stat_activity where application_name = 'pup' and datname = current_database() order by random() limit 1
        """;

    // The look session is the one that holds its generation's key.
    private const string LookSessionSql = """
        select l.pid from pg_locks l join pg_stat_activity a on a.pid = l.pid and a.application_name = 'pup' and a.datname = current_database()
        where l.locktype = 'advisory' and l.mode = 'ExclusiveLock' limit 1
        """;

    [Fact]
    public async Task Over_immediate_stops_and_killed_backends_read_models_equal_a_serial_fold()
    {
        var (seed, random) = Chance.New();
        await using var server = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 5_000, 211);
        using var stop = new CancellationTokenSource();
        var settings = new WorkerSettings { ConnectionString = database.ConnectionString, BatchSize = 50 };
        await using var engine = TestEngine.Start(database.ConnectionString);
        await ScenarioWorker.StartAllAsync(engine, settings);
        var writers = Enumerable.Range(0, 4).Select(writer => WriteAsync(database, $"w{writer}", stop.Token)).ToList();
        for (var crash = 0; crash < (Chance.IsLong ? 40 : 10); crash++)
        {
            await Task.Delay(random.Next(400), TestContext.Current.CancellationToken);
            if (crash % 5 == 4)
            {
                await KillBackendAsync(database, random);
                continue;
            }

            await server.StopImmediateAsync();
            await Task.Delay(random.Next(100), TestContext.Current.CancellationToken);
            await server.StartAgainAsync();
            database.DataSource.Clear();
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await AnswersAsync(database);
        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(120));
        await SerialFold.AssertAllAsync(database);
        Assert.True(await database.ScalarAsync<long>("select count(*) from events where aggregate_id like 'w%'") > 0, $"seed {seed}: nobody wrote");
    }

    [Fact]
    public async Task Over_terminated_sessions_of_the_engine_read_models_equal_a_serial_fold()
    {
        var (_, random) = Chance.New();
        await using var server = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 3_000, 101);
        await using var engine = TestEngine.Start(database.ConnectionString);
        await ScenarioWorker.StartAllAsync(engine, new WorkerSettings { ConnectionString = database.ConnectionString, BatchSize = 50 });
        for (var cut = 0; cut < (Chance.IsLong ? 300 : 60); cut++)
        {
            await database.ExecuteAsync($"select pg_terminate_backend(pid) from ({(random.Next(6) == 0 ? LookSessionSql : AnyPupSessionSql)}) as victim");
            await Task.Delay(random.Next(40), TestContext.Current.CancellationToken);
            if (cut % 10 == 0)
                await EventLog.AppendAsync(database, 300, 101);
        }

        await engine.CaughtUpAsync(database, TimeSpan.FromSeconds(120));
        await SerialFold.AssertAllAsync(database);
    }

    private static async Task AnswersAsync(TestDatabase database)
    {
        var answers = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    answers += await database.ScalarAsync<int>("select 1");
                }
                catch (NpgsqlException)
                {
                    answers = 0;
                    database.DataSource.Clear();
                }

                return answers > 20;
            },
            TimeSpan.FromSeconds(60),
            "the server answers, and again");
    }

    // A SIGKILL of one backend makes the server restart all of them.
    private static async Task KillBackendAsync(TestDatabase database, Random random)
    {
        var pid = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    pid = await database.ScalarAsync<int>(random.Next(2) == 0 ? LookSessionSql : AnyPupSessionSql);
                }
                catch (NpgsqlException)
                {
                    database.DataSource.Clear();
                }

                return pid > 0;
            },
            TimeSpan.FromSeconds(30),
            "a session of the engine to kill");
        await Shell.RunAsync("kill -9 \"$1\" || true", $"{pid}");
    }

    private static async Task WriteAsync(TestDatabase database, string writer, CancellationToken stop)
    {
        var random = new Random(writer.Sum(letter => letter));
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false;Application Name=writer");
                await connection.OpenAsync(CancellationToken.None);
                await connection.ExecuteAsync($"set synchronous_commit = {(random.Next(2) == 0 ? "on" : "off")}");
                while (!stop.IsCancellationRequested)
                    await AppendAsync(connection, $"{writer}-{random.Next(20)}", random);
            }
            catch (NpgsqlException)
            {
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    private static async Task AppendAsync(NpgsqlConnection connection, string aggregate, Random random)
    {
        await connection.ExecuteAsync("begin");
        for (var events = random.Next(1, 4); events > 0; events--)
        {
            await connection.ExecuteAsync(
                $"""
                insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
                select 'Test', 'Thing', '{aggregate}', coalesce(max(aggregate_version), 0) + 1, gen_random_uuid(), 'Happened', ''
                from events where bounded_context = 'Test' and aggregate_type = 'Thing' and aggregate_id = '{aggregate}'
                """);
        }

        await connection.ExecuteAsync(random.Next(10) == 0 ? "rollback" : "commit");
        await Task.Delay(random.Next(10), CancellationToken.None);
    }
}
