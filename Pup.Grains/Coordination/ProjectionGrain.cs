using Npgsql;
using Pup.Client;
using Pup.Client.Operations;
using Pup.Grains.Coordination.Placement;
using Pup.Grains.Coordination.Waiting;
using Pup.Grains.Failures;
using Pup.Grains.Feed;
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

    // Longer than that the way to a silo may be that has just died: whoever commands comes again, and finds the change made.
    private static readonly TimeSpan _wakes = TimeSpan.FromSeconds(3);

    private OrderingKeys? _keys;

    private string Name => this.GetPrimaryKeyString();

    private ProjectionDefinition Definition => projections.Find(Name)
        ?? throw new ProjectionRefusedException($"No silo that could be asked hosts projection '{Name}'. Nothing was changed. Start one that does.");

    public async Task EnsureRunningAsync(CancellationToken cancellationToken = default)
    {
        var partitions = await StatesAsync(async states => (await states.FindAsync(Name, cancellationToken))?.Partitions ?? 0, cancellationToken);
        await ForEachPartitionAsync(partitions, (_, partition) => partition.EnsureRunningAsync(cancellationToken));
        await FollowConfigurationAsync(cancellationToken);
    }

    public async Task PauseAsync(CancellationToken cancellationToken = default)
    {
        await CommandAsync("pause", null, (states, _) => CountAsync(states.PauseAsync(Name, cancellationToken)), cancellationToken);
        await WakeAsync(cancellationToken);
    }

    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        await CommandAsync("resume", null, (states, _) => CountAsync(states.ResumeAsync(Name, cancellationToken)), cancellationToken);
        await WakeAsync(cancellationToken);
    }

    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await CommandAsync("restart", null, (states, _) => CountAsync(states.RestartAsync(Name, cancellationToken)), cancellationToken);
        await WakeAsync(cancellationToken);
    }

    public async Task RebuildAsync(CancellationToken cancellationToken = default)
    {
        await CommandAsync(
            "rebuild", null, (_, generation) => CountAsync(rebuild.RunAsync(generation, Definition, engine.Feed.MarkOf(generation), cancellationToken)), cancellationToken);
        await WakeAsync(cancellationToken);
    }

    public async Task CancelRebuildAsync(CancellationToken cancellationToken = default)
    {
        var reason = $"A rebuild was cancelled by {PupActor.Get()}; the read model is incomplete.";
        await CommandAsync(
            "cancel rebuild",
            null,
            async (states, _) => await states.CancelRebuildAsync(Name, reason, cancellationToken)
                ? 0
                : throw new ProjectionRefusedException($"No rebuild of '{Name}' is running. Nothing was changed."),
            cancellationToken);
        await WakeAsync(cancellationToken);
    }

    public async Task RepartitionAsync(int partitions, CancellationToken cancellationToken = default)
    {
        var before = await CommandAsync(
            "repartition", new { partitions }, async (_, generation) => await repartition.RunAsync(generation, Definition, partitions, cancellationToken), cancellationToken);
        await StartAnewAsync((int)before, cancellationToken);
    }

    public async Task<WaitResult> WaitForAsync(long[] positions, TimeSpan limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(positions.Length, nameof(positions));
        return projections.Find(Name) is { } definition
            ? await waits.RunAsync(definition, _keys ??= new OrderingKeys(definition.Create()), positions, limit, cancellationToken)
            : await WaitNowhereAsync(positions, cancellationToken);
    }

    public Task<long> RetryDeadLettersAsync(DeadLetterFilter filter, CancellationToken cancellationToken = default) =>
        RequestAsync("retry", filter, cancellationToken);

    public Task<long> DiscardDeadLettersAsync(DeadLetterFilter filter, CancellationToken cancellationToken = default) =>
        RequestAsync("discard", filter, cancellationToken);

    public async Task<ProjectionStatus> GetState()
    {
        var status = await StatesAsync(states => states.FindAsync(Name, CancellationToken.None), CancellationToken.None)
            ?? throw new ProjectionNotFoundException(Name);
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

    private async Task<long> RequestAsync(string request, DeadLetterFilter filter, CancellationToken cancellationToken)
    {
        var count = await CommandAsync(
            request + " dead letters",
            new { filter.Id, filter.OrderingKey, filter.Error, filter.After },
            (_, generation) => new DeadLetterRequests(generation.DataSource).RequestAsync(Name, filter, request, cancellationToken),
            cancellationToken);
        await WakeAsync(cancellationToken);
        return count;
    }

    /// <summary>Does what changes the projection, once for each command however often it arrives, and writes it down.</summary>
    private async Task<long> CommandAsync(
        string action, object? detail, Func<ProjectionStateStore, Generation, Task<long>> change, CancellationToken cancellationToken)
    {
        try
        {
            var generation = await engine.Feed.GenerationAsync(cancellationToken);
            var states = new ProjectionStateStore(generation.DataSource);
            return await new CommandAudit(generation.DataSource).RunAsync(
                Name,
                action,
                detail,
                async () => await states.FindAsync(Name, cancellationToken) is null ? throw new ProjectionNotFoundException(Name) : await change(states, generation),
                cancellationToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or GenerationEndedException)
        {
            // The caller has no such types, and may try again: what was done is known by the command's identity.
            throw new ClusterUnavailableException($"The database failed while '{action}' of '{Name}' was being done: {exception.Message} Try again.");
        }
    }

    private static async Task<long> CountAsync(Task change)
    {
        await change;
        return 0;
    }

    private async Task WakeAsync(CancellationToken cancellationToken)
    {
        var status = await GetState();
        await ForEachPartitionAsync(status.Partitions, (_, partition) => partition.WakeAsync(cancellationToken).WaitAsync(_wakes, engine.Time, cancellationToken));
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
            await partition.WakeAsync(cancellationToken).WaitAsync(_wakes, engine.Time, cancellationToken);
            if (index < now)
                await partition.EnsureRunningAsync(cancellationToken).WaitAsync(_wakes, engine.Time, cancellationToken);
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
}
