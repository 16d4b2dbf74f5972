using Npgsql;
using Pup.Grains.Partitions;
using Pup.Tests.Support;

namespace Pup.Tests.Partitions;

public sealed class StuckHandlerTests(PostgresServer server)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stuck_handlers_give_their_connections_back_and_the_other_partitions_go_on(bool withinACommand)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 200, 100);
        using var release = new ManualResetEventSlim();
        // Two workers have a pool of five connections, and more than five handlers are stuck.
        await using var engine = TestEngine.Start(database.ConnectionString, static options =>
        {
            options.Workers = 2;
            options.HandlerGrace = TimeSpan.FromMilliseconds(100);
        });
        var stuck = await engine.RunAsync(
            () => new LedgerProjection("stuck", async (_, transaction, cancellationToken) =>
            {
                var live = await transaction.OpenAsync(cancellationToken);
                if (!withinACommand)
                    release.Wait(CancellationToken.None);
                await using var sleep = new NpgsqlCommand("select pg_sleep(1e6)", live.Connection) { CommandTimeout = 0 };
                await sleep.ExecuteNonQueryAsync(CancellationToken.None);
            }),
            partitions: 8,
            configure: static options => options.HandlerTimeout = TimeSpan.FromMilliseconds(200));
        await Eventually.TrueAsync(() => stuck.All(static runner => runner.State == PartitionState.Faulted), s_patience, "all faulted");

        await engine.RunAsync(static () => new LedgerProjection(), partitions: 4);
        await Eventually.TrueAsync(() => engine.Runners.Skip(8).All(static runner => runner.Position >= 200), s_patience, "the others are done");
        await Ledger.AssertExactAsync(database);
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(1e6)%' and pid <> pg_backend_pid()") == 0,
            s_patience,
            "no session is left to the stuck handlers");
        release.Set();
    }

    [Fact]
    public async Task Waiting_for_a_slot_is_no_time_of_the_handlers()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 20, 20);
        await using var engine = TestEngine.Start(database.ConnectionString, static options =>
        {
            options.Workers = 1;
            options.HandlerGrace = TimeSpan.FromMilliseconds(100);
        });
        var hangs = new TaskCompletionSource();
        await engine.RunAsync(() => new LedgerProjection("hanging", async (_, transaction, cancellationToken) =>
        {
            await transaction.OpenAsync(cancellationToken);
            hangs.TrySetResult();
            await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken);
        }));
        await hangs.Task.WaitAsync(s_patience, TestContext.Current.CancellationToken);

        // Longer than its timeout and grace, and without a token that would end the wait.
        var runner = (await engine.RunAsync(
            static () => new LedgerProjection(before: static async (_, transaction, _) => await transaction.OpenAsync(CancellationToken.None)),
            configure: static options => (options.HandlerTimeout, options.MaxAttempts) = (TimeSpan.FromSeconds(3), 1)))[0];
        await Eventually.TrueAsync(() => runner.Position >= 20, s_patience, "the other one is done");

        await Ledger.AssertExactAsync(database);
        Assert.Equal((PartitionState.Running, 0L), (runner.State, runner.Journal.Failures));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }

    [Fact]
    public async Task A_handler_that_waits_for_a_slot_without_a_token_does_not_hold_up_the_end_of_its_silo()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 20, 20);
        var engine = TestEngine.Start(database.ConnectionString, static options => (options.Workers, options.HandlerGrace) = (1, TimeSpan.FromMinutes(5)));
        var slots = engine.Engine.Slots;
        using var taken = await slots.TakeAsync(slots.ShareOf("other"), TestContext.Current.CancellationToken);
        await engine.RunAsync(static () => new LedgerProjection(before: static async (_, transaction, _) => await transaction.OpenAsync(CancellationToken.None)));
        await Eventually.TrueAsync(() => slots.AreWanted, s_patience, "it waits");

        await engine.DisposeAsync().AsTask().WaitAsync(s_patience, TestContext.Current.CancellationToken);
    }
}
