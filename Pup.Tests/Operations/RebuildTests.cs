using Npgsql;
using Pup.Client;
using Pup.Client.Events;
using Pup.Client.Operations;
using Pup.Client.Operations.Cluster;
using Pup.Grains;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>Rebuilds as an operator asks for them, through the client.</summary>
public sealed class RebuildTests(PostgresServer server)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    // Opened by the test when events may be applied.
    private TaskCompletionSource _gate = Open();

    private volatile int _poison = -1;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rebuild_tells_its_progress_to_the_end_and_twice_gives_the_same_rows()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 3_000, 50);
        await using var cluster = await SiloCluster.StartLedgerAsync(database, partitions: 3);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await database.ExecuteAsync("update ledger set aggregate_version = 77 where global_position = 7");

        var first = await RebuildAsync(cluster);
        var rows = await RowsAsync(database);
        var second = await RebuildAsync(cluster);

        Assert.Equal(rows, await RowsAsync(database));
        await Ledger.AssertExactAsync(database);
        foreach (var progress in (List<RebuildProgress>[])[first, second])
        {
            Assert.Equal((9_000L, 9_000L, true, 1.0), (progress[^1].Applied, progress[^1].Total, progress[^1].IsDone, progress[^1].Share));
            Assert.All(progress, step => Assert.Equal((9_000L, progress[0].StartedAt), (step.Total, step.StartedAt)));
            Assert.Equal(progress.Select(step => step.Applied).Order(), progress.Select(step => step.Applied));
        }
    }

    [Fact]
    public async Task A_projection_without_reset_refuses_and_nothing_is_changed_but_that_it_is_written_down()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var cluster = await SiloCluster.StartAsync(database, static pup => pup.AddProjection<WithoutReset>());
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        const string State = "select string_agg(p::text || c::text, ' ') from projections p, projection_checkpoints c";
        var before = await database.ScalarAsync<string>(State);
        PupActor.Set("ben");

        var refused = await Assert.ThrowsAsync<ProjectionRefusedException>(() => RebuildAsync(cluster));

        Assert.Contains(nameof(IResettableProjection), refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, await database.ScalarAsync<string>(State));
        await Ledger.AssertExactAsync(database);
        Assert.Equal($"ben rebuild ledger {refused.Message}", await database.ScalarAsync<string>("select concat_ws(' ', actor, action, projection_name, result) from projection_audit"));
    }

    [Fact]
    public async Task A_cancelled_rebuild_says_so_to_whoever_watches_it_and_only_another_one_brings_the_projection_back()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 500, 10);
        await using var cluster = await SiloCluster.StartAsync(database, Gated());
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await Assert.ThrowsAsync<ProjectionRefusedException>(() => cluster.Projections.CancelRebuildAsync("ledger", Token));

        Shut();
        var watching = RebuildAsync(cluster);
        await cluster.UntilAsync("ledger", ProjectionCondition.Rebuilding);
        Assert.Equal((0L, 500L, false), (await cluster.Projections.GetAsync("ledger", Token)).Rebuild is { } rebuild ? (rebuild.Applied, rebuild.Total, rebuild.IsDone) : default);
        PupActor.Set("ann");
        await cluster.Projections.CancelRebuildAsync("ledger", Token);

        var given = await Assert.ThrowsAsync<ProjectionRefusedException>(() => watching.WaitAsync(_patience, Token));
        Assert.Contains("cancelled by ann", given.Message, StringComparison.Ordinal);
        _gate.TrySetResult();
        var report = await cluster.Projections.GetAsync("ledger", Token);
        Assert.Equal((ProjectionCondition.NeedsRebuild, null), (report.Condition, report.Rebuild));
        await cluster.Projections.ResumeAsync("ledger", Token);
        Assert.Equal(ProjectionCondition.NeedsRebuild, (await cluster.Projections.GetAsync("ledger", Token)).Condition);

        await RebuildAsync(cluster);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_rebuild_that_meets_a_fault_says_which_and_goes_on_after_the_fix_and_a_resume()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 500, 10);
        await using var cluster = await SiloCluster.StartAsync(database, Gated(), static options => options.ErrorPolicy = ErrorPolicy.Stop);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        _poison = 300;

        var stopped = await Assert.ThrowsAsync<ProjectionRefusedException>(() => RebuildAsync(cluster).WaitAsync(_patience, Token));
        Assert.Contains("injected", stopped.Message, StringComparison.Ordinal);
        await cluster.UntilAsync("ledger", ProjectionCondition.Faulted);
        await Assert.ThrowsAsync<ProjectionRefusedException>(() => CatchUpAsync(cluster));

        _poison = -1;
        await cluster.Projections.ResumeAsync("ledger", Token);
        Assert.Equal(ProjectionCondition.CaughtUp, (await CatchUpAsync(cluster))[^1].Condition);
        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task Whoever_watches_a_rebuild_is_told_when_another_one_takes_its_place()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 500, 10);
        await using var cluster = await SiloCluster.StartAsync(database, Gated());
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        Shut();
        await using var watching = cluster.Projections.RebuildAsync("ledger", Token).GetAsyncEnumerator(Token);
        Assert.True(await watching.MoveNextAsync());

        await using var other = cluster.Projections.RebuildAsync("ledger", Token).GetAsyncEnumerator(Token);
        Assert.True(await other.MoveNextAsync());

        var superseded = await Assert.ThrowsAsync<ProjectionRefusedException>(async () =>
        {
            while (await watching.MoveNextAsync())
            {
            }
        });
        Assert.Contains("Another rebuild", superseded.Message, StringComparison.Ordinal);
        _gate.TrySetResult();
        while (await other.MoveNextAsync())
        {
        }

        await Ledger.AssertExactAsync(database);
    }

    [Fact]
    public async Task A_rebuild_right_after_a_repartition_and_the_other_way_round_are_exact()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 2_000, 50);
        await using var cluster = await SiloCluster.StartAsync(database, Gated(), static options => (options.Partitions, options.BatchSize) = (2, 50));
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);

        await cluster.Projections.RepartitionAsync("ledger", 5, Token);
        Assert.Equal(10_000, (await RebuildAsync(cluster))[^1].Total);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await Ledger.AssertExactAsync(database);

        Shut();
        var rebuilding = RebuildAsync(cluster);
        await cluster.UntilAsync("ledger", ProjectionCondition.Rebuilding);
        await cluster.Projections.RepartitionAsync("ledger", 3, Token);
        await EventLog.AppendAsync(database, 100, 50);
        _gate.TrySetResult();
        Assert.Equal((6_000L, true), await rebuilding is var steps ? (steps[^1].Total, steps[^1].IsDone) : default);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await Ledger.AssertExactAsync(database);
        Assert.Equal(3, (await cluster.Projections.GetAsync("ledger", Token)).Partitions.Count);
    }

    [Fact]
    public async Task A_command_whose_answer_was_lost_is_not_run_twice()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var cluster = await SiloCluster.StartLedgerAsync(database);
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        var grain = cluster.Cluster.Client.GetGrain<IProjectionGrain>("ledger");
        CommandIdentity.Set(Guid.NewGuid());

        await grain.RebuildAsync(Token);
        var started = await database.ScalarAsync<DateTime>("select rebuild_started_at from projections");
        await grain.RebuildAsync(Token);

        Assert.Equal(started, await database.ScalarAsync<DateTime>("select rebuild_started_at from projections"));
        Assert.Equal("done", await database.ScalarAsync<string>("select string_agg(result, ' ') from projection_audit"));
        CommandIdentity.Set(Guid.NewGuid());
        await grain.RebuildAsync(Token);
        Assert.NotEqual(started, await database.ScalarAsync<DateTime>("select rebuild_started_at from projections"));
    }

    [Fact]
    public async Task A_rebuild_that_cannot_begin_tells_who_ordered_it_who_is_in_its_way_however_often_the_order_was_sent()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        // Longer than a command is waited for before it is sent again.
        await using var cluster = await SiloCluster.StartAsync(
            database,
            static pup => pup.AddProjection<LedgerProjection>(static options => options.HandlerTimeout = TimeSpan.FromSeconds(7)),
            options: static options => options.HandlerGrace = TimeSpan.FromMilliseconds(100));
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await using var other = new NpgsqlConnection(database.ConnectionString + ";Pooling=false;Application Name=reporting");
        await other.OpenAsync(Token);
        await using var locking = new NpgsqlCommand("begin; lock table ledger", other);
        await locking.ExecuteNonQueryAsync(Token);

        var refused = await Assert.ThrowsAsync<ProjectionRefusedException>(() => RebuildAsync(cluster).WaitAsync(_patience, Token));

        Assert.Contains($"pid {other.ProcessID} (reporting)", refused.Message, StringComparison.Ordinal);
        Assert.Equal(refused.Message, await database.ScalarAsync<string>("select result from projection_audit"));
        await other.CloseAsync();
        await RebuildAsync(cluster);
        await Ledger.AssertExactAsync(database);
    }

    private static async Task<List<RebuildProgress>> RebuildAsync(SiloCluster cluster) =>
        await cluster.Projections.RebuildAsync("ledger", Token).ToListAsync(Token);

    private static async Task<List<ProjectionReport>> CatchUpAsync(SiloCluster cluster) =>
        await cluster.Projections.CatchUpAsync("ledger", Token).ToListAsync(Token).AsTask().WaitAsync(_patience, Token);

    private static Task<string> RowsAsync(TestDatabase database) =>
        database.ScalarAsync<string>("select md5(string_agg(global_position || ' ' || aggregate_id || ' ' || aggregate_version, ',' order by global_position)) from ledger");

    private static TaskCompletionSource Open()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        gate.SetResult();
        return gate;
    }

    private void Shut() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    private LedgerProjection Gated() => new(before: async (@event, _, cancellationToken) =>
    {
        await _gate.Task.WaitAsync(cancellationToken);
        if (@event.GlobalPosition == _poison)
            throw new InvalidOperationException("injected");
    });

    private sealed class WithoutReset : IReadModelProjection
    {
        private readonly LedgerProjection _ledger = new();

        public string Name => _ledger.Name;

        public int ReadModelVersion => 1;

        public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
            _ledger.PrepareReadModelAsync(storedVersion, transaction, cancellationToken);

        public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
            _ledger.HandleAsync(@event, transaction, cancellationToken);
    }
}
