using Npgsql;
using Pup.Grains.Coordination;
using Pup.Tests.Support;

namespace Pup.Tests.Coordination;

public sealed class ConfiguredPartitionsTests(PostgresServer server)
{
    [Theory]
    [InlineData(4, new[] { 8 }, 8)]
    [InlineData(4, new[] { 8, 8, 8 }, 8)]
    [InlineData(8, new[] { 1, 1 }, 1)]
    [InlineData(4, new[] { 4, 4 }, null)]
    [InlineData(4, new[] { 8, 4 }, null)]
    [InlineData(4, new[] { 8, 8, 6 }, null)]
    [InlineData(4, new int[0], null)]
    public void A_configured_number_counts_when_all_silos_agree_and_it_is_new(int heeded, int[] configured, int? wanted) =>
        Assert.Equal(wanted, ConfiguredPartitions.Wanted(heeded, configured));

    [Fact]
    public async Task What_an_operator_ordered_stands_until_the_configuration_changes()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 20);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(static () => new LedgerProjection(), 4);
        await engine.RegisterAsync(definition);
        var generation = await engine.Feed.GenerationAsync(TestContext.Current.CancellationToken);

        await engine.RepartitionAsync(definition, 6);
        Assert.Null(await FollowAsync(4, 4));
        Assert.Equal("6 4", await CountsAsync());

        // A rolling deployment: nothing before the last silo of the old one is gone.
        Assert.Null(await FollowAsync(4, 8));
        Assert.Equal(6, await FollowAsync(8, 8));
        Assert.Equal("8 8", await CountsAsync());
        Assert.Null(await FollowAsync(8, 8));

        // What is configured is what an operator ordered before.
        await engine.RepartitionAsync(definition, 3);
        Assert.Null(await FollowAsync(3));
        Assert.Equal("3 3", await CountsAsync());
        await engine.RunAllAsync(definition);
        await engine.CaughtUpAsync(database);
        await Ledger.AssertExactAsync(database);

        Task<int?> FollowAsync(params int[] configured) =>
            engine.Repartition.FollowAsync(generation, definition, configured, TestContext.Current.CancellationToken);
        Task<string> CountsAsync() => database.ScalarAsync<string>("select partitions || ' ' || configured_partitions from projections");
    }

    [Fact]
    public async Task Of_silos_that_all_see_a_new_number_one_repartitions()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(static () => new LedgerProjection(), 4);
        await engine.RegisterAsync(definition);
        var generation = await engine.Feed.GenerationAsync(TestContext.Current.CancellationToken);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => engine.Repartition.FollowAsync(generation, definition, [7, 7, 7], TestContext.Current.CancellationToken)));

        // Each repartition takes as many epochs as it makes rows.
        Assert.Equal("ledger_p0 1, ledger_p6 7", await database.ScalarAsync<string>(
            "select string_agg(projection_name || ' ' || epoch, ', ' order by projection_name) from projection_checkpoints where projection_name in ('ledger_p0', 'ledger_p6')"));
    }

    [Fact]
    public async Task A_silo_that_comes_late_does_not_undo_what_an_operator_ordered_meanwhile()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var engine = TestEngine.Start(database.ConnectionString);
        var definition = engine.Define(static () => new LedgerProjection(), 4);
        await engine.RegisterAsync(definition);
        var generation = await engine.Feed.GenerationAsync(TestContext.Current.CancellationToken);
        await using var connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);

        // As if another silo had followed, and then somebody had ordered five.
        await using (var change = new NpgsqlCommand("update projections set partitions = 5, configured_partitions = 7", connection))
            await change.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var late = engine.Repartition.FollowAsync(generation, definition, [7, 7], TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<bool>(
                "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%from projections%for update%')"),
            TimeSpan.FromSeconds(30),
            "it waits for the projection");
        await transaction.CommitAsync(TestContext.Current.CancellationToken);

        Assert.Null(await late);
        Assert.Equal(5, await database.ScalarAsync<int>("select partitions from projections"));
    }
}
