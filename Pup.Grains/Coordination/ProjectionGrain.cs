using Pup.Client;
using Pup.Grains.Coordination.Placement;
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
    PlacementViews views)
    : Grain, IProjectionGrain
{
    private static readonly TimeSpan _recent = TimeSpan.FromSeconds(1);

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

    public async Task<ProjectionStatus> GetState()
    {
        var status = await StatesAsync(states => states.FindAsync(Name, CancellationToken.None), CancellationToken.None)
            ?? throw new InvalidOperationException($"There is no projection '{Name}'.");
        var view = await views.GetAsync(_recent, CancellationToken.None);
        return status.State != "running" || view.IsHosted(Name) || !view.IsComplete
            ? status
            : status with { State = "unplaced", Reason = "No silo of the cluster hosts the projection." };
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
