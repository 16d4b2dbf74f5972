using System.Diagnostics;
using Npgsql;
using Pup.Grains.Checkpoints;
using Pup.Grains.Coordination;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;

namespace Pup.Grains.Testing;

/// <summary>One projection at work on the events that were given.</summary>
internal sealed class KitRun(Engine engine, ProjectionDefinition definition, ProjectionRebuild rebuild, ProjectionRepartition repartition, TimeSpan patience)
{
    private static readonly TimeSpan _poll = TimeSpan.FromMilliseconds(2);
    private long _target;

    public string Projection => definition.Name;

    /// <summary>Positions of the events in scope.</summary>
    public IReadOnlyList<long> Positions { get; private set; } = [];

    private const string EndSql = "select coalesce(max(global_position), 0) from events";

    /// <summary>Waits until the feed has seen the log up to its end, so that batches are cut by the test and not by the moment.</summary>
    public async Task SeeAllAsync(CancellationToken cancellationToken)
    {
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        await using var command = generation.DataSource.CreateCommand(EndSql);
        _target = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        var positions = new List<long>();
        try
        {
            if (_target > 0)
                await engine.Feed.ReadAsync(generation, definition.Scope, _target - 1, limit.Token);
            for (var position = 0L; position < _target;)
            {
                var slice = await engine.Feed.ReadAsync(generation, definition.Scope, position, limit.Token);
                foreach (var item in slice.Events.Span)
                    positions.Add(item.Event.GlobalPosition);
                position = slice.UpTo;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProjectionTestException(
                $"The events could not be read within {patience.TotalSeconds:0.#} s: a transaction that wrote events is still open. Commit it before the projection runs.");
        }

        Positions = positions;
    }

    /// <summary>Empties the read model and begins anew.</summary>
    public async Task RebuildAsync(CancellationToken cancellationToken) =>
        await rebuild.RunAsync(await engine.Feed.GenerationAsync(cancellationToken), definition, _target, cancellationToken);

    /// <summary>Applies all events that are not applied yet.</summary>
    public async Task RunAsync(BatchCuts cuts, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(cuts.Partitions, "partitions");
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        if (await OwnershipStore.CountPartitionsAsync(generation, definition.Name, cancellationToken) != cuts.Partitions)
            await repartition.RunAsync(generation, definition, cuts.Partitions, cancellationToken);

        var cut = engine with { Feed = new CutFeed(engine.Feed, cuts.After) };
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        together.CancelAfter(patience);
        try
        {
            await Task.WhenAll(Enumerable.Range(0, cuts.Partitions).Select(partition => RunAsync(cut, generation, partition, together)));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProjectionTestException($"Projection '{definition.Name}' did not reach position {_target} within {patience.TotalSeconds:0.#} s, the kit's {nameof(ProjectionTestKit.Patience)}.");
        }
    }

    private async Task RunAsync(Engine cut, Generation generation, int partition, CancellationTokenSource together)
    {
        try
        {
            await RunAsync(cut, generation, partition, together.Token);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            await together.CancelAsync();
            throw exception is NpgsqlException ? new ProjectionTestException($"Projection '{definition.Name}': {exception.Message}", exception) : exception;
        }
    }

    private async Task RunAsync(Engine cut, Generation generation, int partition, CancellationToken cancellationToken)
    {
        var ownership = await new OwnershipStore(cut.Options, cut.Time, silo: null).OwnAsync(generation, definition, partition, 0, mayTake: true, cancellationToken) switch
        {
            OwnershipResult.Taken taken => taken.Ownership,
            OwnershipResult.Halted halted => throw new ProjectionTestException(
                $"Projection '{definition.Name}' ran before with another shape, and {halted.State.Replace('_', ' ')}: {halted.Reason}. Use a kit for each, or verify the rebuild."),
            var other => throw new UnreachableException($"Nobody else works in this database: {other}"),
        };
        var journal = new PartitionJournal(definition.Name, partition, cut.Time, cut.Loggers.CreateLogger("Pup.Partition"), cut.Instruments.BatchesOf(definition.Name));
        var worker = new PartitionWorker(cut, definition, definition.Create(), generation, ownership, new WorkerSignals(), journal);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var working = worker.RunAsync(enough.Token);
        while (worker.Position < _target && await Task.WhenAny(working, Task.Delay(_poll, cut.Time, CancellationToken.None)) != working)
        {
            // It has neither arrived nor stopped.
        }

        await enough.CancelAsync();
        try
        {
            throw Failure(await working);
        }
        catch (OperationCanceledException) when (worker.Position >= _target)
        {
            // That is how it is told to stop. To be restarted is no death.
            await OwnershipStore.LeaveAsync(generation, definition.Name, ownership, cancellationToken);
        }
    }

    private ProjectionTestException Failure(WorkerOutcome outcome) => outcome switch
    {
        WorkerOutcome.Faulted { Event: { } failed, Cause: var cause } => new ProjectionTestException(
            $"Projection '{definition.Name}' failed at position {failed.GlobalPosition}, event {failed.EventType} of {failed.BoundedContext}/{failed.AggregateType} "
            + $"'{failed.AggregateId}' version {failed.AggregateVersion}: {cause?.GetType().Name}: {cause?.Message}",
            cause,
            failed),
        WorkerOutcome.Faulted faulted => new ProjectionTestException(faulted.Reason),
        WorkerOutcome.Lacking lacking => new ProjectionTestException(lacking.Reason),
        WorkerOutcome.GenerationEnded => new ProjectionTestException("The connection to the test server was lost."),
        _ => new ProjectionTestException($"Projection '{definition.Name}' stopped because somebody else changed its checkpoints: {outcome}"),
    };
}
