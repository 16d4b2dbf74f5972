using Pup.Client;
using Pup.Client.Operations;
using Pup.Grains.Coordination.Placement;
using Pup.Grains.Coordination.Waiting;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination;

/// <summary>
/// Speaks for all partitions of one projection: it calls them, never they it. Whatever it changes it changes in the database, so a
/// second activation of it does no harm.
/// </summary>
[SpreadPlacement]
internal sealed class ProjectionGrain(
    Engine engine,
    ProjectionRegistry projections,
    ProjectionRebuild rebuild,
    ProjectionRepartition repartition,
    IConfiguredCounts configured,
    PlacementViews views,
    AppendWaits waits)
    : Grain, IProjectionGrain
{
    private static readonly TimeSpan _recent = TimeSpan.FromSeconds(1);

    private OrderingKeys? _keys;

    private string Name => this.GetPrimaryKeyString();

    private ProjectionDefinition Definition => projections.Find(Name)
        ?? throw new InvalidOperationException($"No silo that could be asked hosts projection '{Name}'. Nothing was changed.");

    public async Task EnsureRunningAsync(CancellationToken cancellationToken = default)
    {
        var partitions = await StatesAsync(async states => (await states.FindAsync(Name, cancellationToken))?.Partitions ?? 0, cancellationToken);
        await ForEachPartitionAsync(partitions, (_, partition) => partition.EnsureRunningAsync(cancellationToken));
        await FollowConfigurationAsync(cancellationToken);
    }

    public async Task PauseAsync(CancellationToken cancellationToken = default)
    {
        await StatesAsync(states => states.PauseAsync(Name, cancellationToken), cancellationToken);
        await EnsureRunningAsync(cancellationToken);
    }

    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        await StatesAsync(states => states.ResumeAsync(Name, cancellationToken), cancellationToken);
        await WakeAsync(cancellationToken);
    }

    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StatesAsync(states => states.RestartAsync(Name, cancellationToken), cancellationToken);
        await WakeAsync(cancellationToken);
    }

    public async Task RebuildAsync(CancellationToken cancellationToken = default)
    {
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        await rebuild.RunAsync(generation, Definition, engine.Feed.MarkOf(generation), cancellationToken);
        await WakeAsync(cancellationToken);
    }

    public async Task RepartitionAsync(int partitions, CancellationToken cancellationToken = default)
    {
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        var before = await repartition.RunAsync(generation, Definition, partitions, cancellationToken);
        await StartAnewAsync(before, cancellationToken);
    }

    public async Task<WaitResult> WaitForAsync(long[] positions, TimeSpan limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(positions.Length, nameof(positions));
        return projections.Find(Name) is { } definition
            ? await waits.RunAsync(definition, _keys ??= new OrderingKeys(definition.Create()), positions, limit, cancellationToken)
            : await WaitNowhereAsync(positions, cancellationToken);
    }

    public async Task<ProjectionStatus> GetState()
    {
        var status = await StatesAsync(states => states.FindAsync(Name, CancellationToken.None), CancellationToken.None)
            ?? throw new InvalidOperationException($"There is no projection '{Name}'.");
        var view = await views.GetAsync(_recent, CancellationToken.None);
        return status.State != "running" || view.IsHosted(Name) || !view.IsComplete
            ? status
            : status with { State = "unplaced", Reason = "No silo of the cluster hosts the projection." };
    }

    // Placed on a silo that does not host the projection, since none did. Only the database can be asked.
    private async Task<WaitResult> WaitNowhereAsync(long[] positions, CancellationToken cancellationToken)
    {
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        var look = await AppendLook.OfAllPartitionsAsync(generation.DataSource, Name, positions, cancellationToken) ?? throw new ProjectionNotFoundException(Name);
        if (AppendVerdict.Of(look, static share => share.IsPassed) is { } verdict)
            return verdict;
        var view = await views.GetAsync(_recent, cancellationToken);
        // The next call is placed anew, where it can be answered.
        if (view.IsHosted(Name))
            DeactivateOnIdle();
        return view.IsHosted(Name) || !view.IsComplete
            ? new WaitResult(WaitOutcome.TimedOut, "The silo that was asked does not host the projection.")
            : new WaitResult(WaitOutcome.Stopped, "No silo of the cluster hosts the projection.");
    }

    private async Task WakeAsync(CancellationToken cancellationToken)
    {
        var status = await GetState();
        await ForEachPartitionAsync(status.Partitions, (_, partition) => partition.WakeAsync(cancellationToken));
    }

    private async Task FollowConfigurationAsync(CancellationToken cancellationToken)
    {
        if (projections.Find(Name) is not { } definition)
            return;
        var counts = await configured.OfAsync(Name, cancellationToken);
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        if (await repartition.FollowAsync(generation, definition, counts, cancellationToken) is { } before)
            await StartAnewAsync(before, cancellationToken);
    }

    // Partitions that are no more are told too: an idle one would stand about until it next touches its row.
    private async Task StartAnewAsync(int before, CancellationToken cancellationToken)
    {
        var now = (await GetState()).Partitions;
        await ForEachPartitionAsync(Math.Max(before, now), async (index, partition) =>
        {
            await partition.WakeAsync(cancellationToken);
            if (index < now)
                await partition.EnsureRunningAsync(cancellationToken);
        });
    }

    private Task ForEachPartitionAsync(int partitions, Func<int, IProjectionPartitionGrain, Task> action) => Task.WhenAll(
        Enumerable.Range(0, partitions).Select(index =>
            action(index, GrainFactory.GetGrain<IProjectionPartitionGrain>(new PartitionKey(Name, index).ToString()))));

    private async Task<T> StatesAsync<T>(Func<ProjectionStateStore, Task<T>> use, CancellationToken cancellationToken)
    {
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        return await use(new ProjectionStateStore(generation.DataSource));
    }

    private async Task StatesAsync(Func<ProjectionStateStore, Task> use, CancellationToken cancellationToken)
    {
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        await use(new ProjectionStateStore(generation.DataSource));
    }
}
