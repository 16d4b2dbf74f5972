using Npgsql;
using Pup.Grains.Feed;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios;

public sealed class BadDayTests(PostgresServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_server_that_is_down_is_waited_for_at_the_start_and_later()
    {
        await using var own = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(own);
        await EventLog.AppendAsync(database, 500, 20);
        await own.StopImmediateAsync();

        await using var engine = TestEngine.Start(database.ConnectionString);
        var started = engine.RunAsync(static () => new LedgerProjection(), 2);
        await Eventually.TrueAsync(() => engine.Feed.Status.Problem == FeedProblem.Disconnected, s_patience, "the feed says that it is disconnected");
        await own.StartAgainAsync();
        database.DataSource.Clear();
        await started;
        await engine.CaughtUpAsync(database);

        await own.StopImmediateAsync();
        await Eventually.TrueAsync(() => engine.Feed.Status.Problem == FeedProblem.Disconnected, s_patience, "the feed notices");
        await own.StartAgainAsync();
        database.DataSource.Clear();
        await EventLog.AppendAsync(database, 500, 20);
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_wrong_password_is_said_and_put_right_without_a_restart()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 5);
        var role = await CreateRoleAsync(database);
        await database.ExecuteAsync($"alter role {role} password 'another'");
        await using var engine = TestEngine.Start(As(role, database));
        var started = engine.RunAsync(static () => new LedgerProjection());
        await SaysAsync(engine, "password");

        await database.ExecuteAsync($"alter role {role} password 'right'");
        await started;
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Theory]
    [InlineData("select on events", "select on events")]
    [InlineData("select on sequence events_global_position_seq", "on sequence events_global_position_seq")]
    [InlineData("select on projection_log_mark", "projection_log_mark")]
    [InlineData("select on projection_checkpoints", "projection_checkpoints")]
    public async Task A_grant_missing_to_the_feed_is_named_and_the_feed_goes_on_once_it_is_there(string grant, string said)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 5);
        var role = await CreateRoleAsync(database);
        await database.ExecuteAsync($"revoke {grant} from {role}");
        await using var engine = TestEngine.Start(As(role, database));
        var started = engine.RunAsync(static () => new LedgerProjection());
        await SaysAsync(engine, said);

        await database.ExecuteAsync($"grant {grant} to {role}");
        await started;
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Theory]
    [InlineData("update on projection_checkpoints", "projection_checkpoints")]
    [InlineData("usage on sequence projection_epochs", "projection_epochs")]
    [InlineData("insert on projection_partitions", "projection_partitions")]
    public async Task A_grant_missing_to_a_partition_is_named_and_it_goes_on_once_it_is_there(string grant, string said)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 5);
        var role = await CreateRoleAsync(database);
        await using (var registering = TestEngine.Start(As(role, database)))
            await registering.RunAsync(static () => new LedgerProjection());
        await database.ExecuteAsync("update projection_checkpoints set last_global_position = 0; truncate ledger");
        await database.ExecuteAsync($"revoke {grant} from {role}");
        await using var engine = TestEngine.Start(As(role, database));
        await engine.Feed.GenerationAsync(TestContext.Current.CancellationToken);
        var runner = engine.Run(engine.Define(static () => new LedgerProjection()), 0);
        await Eventually.TrueAsync(() => runner.Journal.Trouble?.Contains($"permission denied for {(said.EndsWith("epochs", StringComparison.Ordinal) ? "sequence" : "table")} {said}", StringComparison.Ordinal) == true, s_patience, $"'{said}' is named");

        await database.ExecuteAsync($"grant {grant} to {role}");
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_grant_missing_on_the_read_model_is_named_and_nothing_is_lost_once_it_is_there()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var role = await CreateRoleAsync(database);
        await using var engine = TestEngine.Start(As(role, database));
        var runner = (await engine.RunAsync(static () => new LedgerProjection()))[0];
        await database.ExecuteAsync($"revoke insert on ledger from {role}");
        await EventLog.AppendAsync(database, 100, 5);
        await Eventually.TrueAsync(
            async () => runner.Journal.Trouble?.Contains("permission denied for table ledger", StringComparison.Ordinal) == true
                || await database.ScalarAsync<bool>("select exists (select from projection_dead_letters where error like '%permission denied for table ledger%')"),
            s_patience,
            "the table is named");

        await database.ExecuteAsync($"grant insert on ledger to {role}");
        await engine.CaughtUpAsync(database);
        await database.ExecuteAsync("update projection_dead_letters set requested = 'retry'");
        runner.Wake();
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 0, s_patience, "nothing is parked");
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_physical_replica_is_refused_in_words()
    {
        await using var own = await PostgresServer.StartAsync();
        await using var database = await TestDatabase.CreateAsync(own);
        await EventLog.AppendAsync(database, 100, 5);
        await using var replica = await Replica.StartAsync(own);

        await using var engine = TestEngine.Start(replica.ConnectionString(database));
        await SaysAsync(engine, "is a replica");
        Assert.Equal(0, engine.Feed.Status.Generation);
    }

    private static Task SaysAsync(TestEngine engine, string text) => Eventually.TrueAsync(
        () => engine.Feed.Status.ProblemText?.Contains(text, StringComparison.Ordinal) == true,
        s_patience,
        $"the feed says '{text}'; it says '{engine.Feed.Status.ProblemText}'");

    private string As(string role, TestDatabase database) => new NpgsqlConnectionStringBuilder(server.TcpConnectionString(database.Name))
    {
        Username = role,
        Password = "right",
    }.ConnectionString;

    // No more than the documentation asks for.
    private static async Task<string> CreateRoleAsync(TestDatabase database)
    {
        var role = $"silo_{database.Name}";
        await database.ExecuteAsync($"drop role if exists {role}");
        await database.ExecuteAsync($"create role {role} login password 'right'");
        await database.ExecuteAsync(
            $"""
            do $$ begin
                grant create on schema public to {role};
                grant select on events to {role};
                grant select on sequence events_global_position_seq to {role};
                grant usage on sequence projection_epochs to {role};
                grant select, insert, update, delete
                    on projections, projection_checkpoints, projection_partitions, projection_dead_letters, projection_log_mark, projection_audit, projection_silos to {role};
            end $$
            """);
        return role;
    }
}
