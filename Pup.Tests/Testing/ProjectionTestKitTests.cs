using Npgsql;
using Pup.Client.Events;
using Pup.Client.Operations;
using Pup.Grains.Testing;
using Pup.Tests.Support;

namespace Pup.Tests.Testing;

/// <summary>The kit that authors of projections test with.</summary>
public sealed class ProjectionTestKitTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Event Happened => new() { EventType = "Happened", Payload = "{}"u8.ToArray() };

    private static Event Bad => new() { EventType = "Bad", Payload = "{}"u8.ToArray() };

    [Fact]
    public async Task Given_events_when_the_projection_runs_then_there_are_rows_and_it_goes_on_where_it_stopped()
    {
        await using var kit = await StartAsync();
        kit.Given("Test", "Thing", "a", Happened, Happened).Given("Test", "Thing", "b", Happened);
        await kit.RunAsync<Tallies>(Token);
        Assert.Equal([("a", 2), ("b", 1)], await kit.QueryAsync<(string, int)>("select aggregate_id, count from tally order by 1"));

        // Other instances, and another number of partitions: as after a deployment.
        kit.Given("Test", "Thing", "a", Happened);
        await kit.RunAsync(() => new Tally(), partitions: 3, Token);
        await kit.RunAsync(() => new Tally(), partitions: 2, Token);
        Assert.Equal([new Counted("a", 3), new Counted("b", 1)], await kit.QueryAsync<Counted>("select aggregate_id, count from tally order by 1"));
        Assert.Equal([3], await kit.QueryAsync<long>("select count from tally where aggregate_id = $1", "a"));
    }

    [Fact]
    public async Task A_good_projection_passes_and_so_do_documents()
    {
        await using var kit = await StartAsync();
        Give(kit, 30);
        await kit.VerifyRebuildAsync<Tallies>();
        await kit.VerifyBatchingAsync<Tallies>("tally");
        await kit.VerifyRebuildAsync<Sums>();
        await kit.VerifyBatchingAsync<Sums>();
        Assert.Equal(30, (await kit.QueryAsync<long>("select sum(count) from tally"))[0]);
    }

    [Fact]
    public async Task A_handler_that_counts_batches_is_found_out_and_the_seed_draws_the_same_batches_again()
    {
        await using var kit = await StartAsync();
        Give(kit, 12);
        var seed = new ReadModelChecks { Seed = 4711 };
        await kit.VerifyRebuildAsync(CountingBatches, cancellationToken: Token);

        var first = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.VerifyBatchingAsync(CountingBatches, seed, Token));
        var second = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.VerifyBatchingAsync(CountingBatches, seed, Token));

        Assert.Equal(first.Message, second.Message);
        Assert.Contains("each event in a batch of its own (seed 4711)", first.Message, StringComparison.Ordinal);
        Assert.Contains("Table tally, row [\"a0\"]:\n  all in one batch: {\"note\": \"1;1;1;1;\", \"count\": 4,", first.Message, StringComparison.Ordinal);
        Assert.Contains("cut otherwise: {\"note\": \"1;4;7;10;\"", first.Message, StringComparison.Ordinal);

        static Tally CountingBatches() => new(new BatchCounter().Note);
    }

    [Fact]
    public async Task Random_batches_find_what_single_events_do_not_and_the_message_shows_where_they_end()
    {
        await using var kit = await StartAsync();
        Give(kit, 12);

        // Goes wrong where a batch of two or more begins at the fifth event: neither all at once nor one by one.
        var exception = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.VerifyBatchingAsync(
            () => new Tally(new FirstOfBatch(5).Note), new ReadModelChecks { Seed = 1, RandomRuns = 40 }, Token));

        Assert.Matches("leave other rows with batches that end after position ([0-9]+, )*4, (6|7|8|9|1)", exception.Message);
    }

    [Fact]
    public async Task Several_partitions_find_what_depends_on_the_order_of_the_whole_log()
    {
        await using var kit = await StartAsync();
        Give(kit, 12);
        var checks = new ReadModelChecks { Seed = 3, Partitions = 1 };
        await kit.VerifyBatchingAsync(Numbered, checks, Token);

        var exception = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.VerifyBatchingAsync(Numbered, new ReadModelChecks { Seed = 3 }, Token));

        Assert.Contains("with 4 partitions, all events in one batch (seed 3)", exception.Message, StringComparison.Ordinal);

        static Tally Numbered()
        {
            var number = 0;
            return new((_, _) => $"{++number};");
        }
    }

    [Fact]
    public async Task The_clock_and_what_is_kept_between_runs_are_found_out_by_a_rebuild()
    {
        await using var kit = await StartAsync();
        Give(kit, 6);
        var number = 0;

        var kept = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.VerifyRebuildAsync(() => new Tally((_, _) => $"{++number};"), cancellationToken: Token));
        var clock = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.VerifyRebuildAsync<Journal>("journal"));

        Assert.Contains("before the rebuild: {\"note\": \"1;4;\"", kept.Message, StringComparison.Ordinal);
        Assert.Contains("after it: {\"note\": \"7;10;\"", kept.Message, StringComparison.Ordinal);
        Assert.Contains("Table journal, row:\n  before the rebuild: {", clock.Message, StringComparison.Ordinal);
        Assert.Contains("goes into IgnoredColumns", clock.Message, StringComparison.Ordinal);
        var checks = new ReadModelChecks { Tables = ["journal"], IgnoredColumns = ["line", "written_at"] };
        await kit.VerifyRebuildAsync(() => new Journal(), checks, Token);
        await kit.VerifyBatchingAsync(() => new Journal(), checks, Token);
    }

    [Fact]
    public async Task A_reset_that_leaves_rows_behind_is_found_out()
    {
        await using var kit = await StartAsync();
        Give(kit, 3);
        var exception = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.VerifyRebuildAsync(() => new Tally(reset: false), cancellationToken: Token));
        Assert.Contains("\"count\": 1, \"aggregate_id\": \"a0\"}\n  after it: {\"note\": \"\", \"count\": 2", exception.Message, StringComparison.Ordinal);
        Assert.Contains("ResetAsync must empty all", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_handler_is_said_with_its_event_and_its_own_exception()
    {
        await using var kit = await StartAsync();
        kit.Given("Test", "Thing", "a", Happened, Bad);

        var exception = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.RunAsync<Tallies>(Token));

        Assert.Equal("Projection 'tally' failed at position 2, event Bad of Test/Thing 'a' version 2: FormatException: It is bad.", exception.Message);
        Assert.IsType<FormatException>(exception.InnerException);
        Assert.Equal(("Bad", 2), (exception.Event!.EventType, exception.Event.GlobalPosition));
        Assert.Contains("(With all events in one batch, seed 5.)", (await Assert.ThrowsAsync<ProjectionTestException>(
            () => kit.VerifyBatchingAsync(() => new Tally(), new ReadModelChecks { Seed = 5 }, Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_database_refuses_is_said_with_the_event_or_with_what_is_missing()
    {
        await using var kit = await StartAsync();
        kit.Given("Test", "Thing", "a", Happened);
        var missing = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.RunAsync<Unresettable>(Token));
        Assert.Contains("relation \"seen\" does not exist", missing.Message, StringComparison.Ordinal);

        await kit.ExecuteAsync("create table seen (position bigint check (position > 1))");
        var refused = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.RunAsync<Unresettable>(Token));
        Assert.Equal("seen_position_check", Assert.IsType<PostgresException>(refused.InnerException).ConstraintName);
        Assert.Equal("a", refused.Event!.AggregateId);
    }

    [Fact]
    public async Task What_cannot_be_meant_is_a_sentence()
    {
        await using var kit = await StartAsync();
        Assert.Contains("give StartAsync an EventTypeRegistry", Assert.Throws<ArgumentException>(() => kit.Given("Test", "Thing", "a", new Counted("a", 1))).Message, StringComparison.Ordinal);
        Assert.Contains("No events", Assert.Throws<ArgumentException>(() => kit.Given("Test", "Thing", "a")).Message, StringComparison.Ordinal);

        kit.Given("Test", "Thing", "a", Happened);
        Assert.Contains("1 of the given events are in the scope", await RefusalAsync(() => kit.VerifyBatchingAsync<Tallies>()), StringComparison.Ordinal);
        Assert.Contains("no table 'tallies' in the read model; there are tally", await RefusalAsync(() => kit.VerifyRebuildAsync<Tallies>("tallies")), StringComparison.Ordinal);
        Assert.Contains("a column 'size'", await RefusalAsync(() => kit.VerifyRebuildAsync(() => new Tally(), new ReadModelChecks { IgnoredColumns = ["size"] })), StringComparison.Ordinal);
        Assert.Contains("3 columns, and Counted has no public constructor", await RefusalAsync(() => kit.QueryAsync<Counted>("select 1, 2, 3")), StringComparison.Ordinal);
        Assert.Contains("Column 'count' is null", await RefusalAsync(() => kit.QueryAsync<Counted>("select 'a', null::int as count")), StringComparison.Ordinal);
        Assert.Contains("Column 'count' of type text", await RefusalAsync(() => kit.QueryAsync<Counted>("select 'a', 'b' as count")), StringComparison.Ordinal);
        await kit.ExecuteAsync("create table seen (position bigint)");
        kit.Given("Test", "Thing", "a", Happened);
        Assert.Contains("does not implement IResettableProjection", (await Assert.ThrowsAsync<ProjectionRefusedException>(() => kit.VerifyBatchingAsync(() => new Unresettable(), new ReadModelChecks { Partitions = 1 }, Token))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => kit.RunAsync(() => new Tally(), partitions: 0, Token));
    }

    [Fact]
    public async Task A_server_that_is_not_there_or_not_said_is_a_sentence_without_a_password()
    {
        var unsaid = await RefusalAsync(() => ProjectionTestKit.StartAsync(cancellationToken: Token));
        Assert.Contains("set PUP_TEST_DATABASE", unsaid, StringComparison.Ordinal);
        var nowhere = await RefusalAsync(() => ProjectionTestKit.StartAsync("Host=127.0.0.1;Port=1;Username=u;Password=secret", cancellationToken: Token));
        Assert.Contains("cannot be reached", nowhere, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", nowhere, StringComparison.Ordinal);
        var unreadable = await RefusalAsync(() => ProjectionTestKit.StartAsync("Host=here;Colour=secret", cancellationToken: Token));
        Assert.Contains("cannot be read", unreadable, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_database_is_the_kits_own_and_is_gone_at_its_end()
    {
        await using var elsewhere = await TestDatabase.CreateAsync(server, migrate: false);
        string name;
        await using (var kit = await ProjectionTestKit.StartAsync(elsewhere.ConnectionString + ";Search Path=nowhere", cancellationToken: Token))
        {
            name = (await kit.QueryAsync<string>("select current_database()"))[0];
            Assert.Equal(1, await elsewhere.ScalarAsync<long>("select count(*) from pg_database where datname = $1", name));
            Give(kit, 3);
            await kit.RunAsync<Tallies>(Token);
        }

        Assert.Equal(0, await elsewhere.ScalarAsync<long>("select count(*) from pg_database where datname = $1", name));
        Assert.Equal(0, await elsewhere.ScalarAsync<long>("select count(*) from pg_class where relname = 'events'"));
    }

    [Fact]
    public async Task A_transaction_that_is_left_open_is_said_in_time()
    {
        await using var kit = await StartAsync();
        kit.Patience = TimeSpan.FromSeconds(1);
        Give(kit, 2);
        await kit.RunAsync<Tallies>(Token);
        await using var connection = await kit.DataSource.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await new EventStore(kit.DataSource).AppendAsync("Test", "Thing", "open", ExpectedVersion.Any, [Happened], transaction, Token);
        Give(kit, 2);

        var exception = await Assert.ThrowsAsync<ProjectionTestException>(() => kit.RunAsync<Tallies>(Token));

        Assert.Contains("a transaction that wrote events is still open", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_server_may_be_named_by_a_url_as_everywhere()
    {
        var url = new UriBuilder("postgres", "127.0.0.1", server.Port, "postgres") { UserName = "postgres", Password = Uri.EscapeDataString(server.Password) };
        await using var kit = await ProjectionTestKit.StartAsync(url.Uri.ToString(), cancellationToken: Token);
        Assert.Equal([1], await kit.QueryAsync<int>("select 1"));
    }

    private Task<ProjectionTestKit> StartAsync() => ProjectionTestKit.StartAsync(server.ConnectionString("postgres"), cancellationToken: Token);

    // Three aggregates, in turn.
    private static void Give(ProjectionTestKit kit, int events)
    {
        for (var i = 0; i < events; i++)
            kit.Given("Test", "Thing", $"a{i % 3}", Happened);
    }

    private static async Task<string> RefusalAsync(Func<Task> wrong) => (await Assert.ThrowsAsync<InvalidOperationException>(wrong)).Message;

    private sealed record Counted(string Aggregate, long Count);
}
