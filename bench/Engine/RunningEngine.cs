using Microsoft.Extensions.Logging;
using Npgsql;
using Pup.Grains;
using Pup.Grains.Checkpoints;
using Pup.Grains.Coordination;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Grains.Projections;

namespace Pup.Bench.Engine;

/// <summary>The engine as a silo runs it, less Orleans: tail loop, skip writer, and a runner for each partition of one projection.</summary>
internal sealed class RunningEngine : IAsyncDisposable
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly ILoggerFactory _loggers;
    private readonly EventFeed _feed = new();
    private readonly WorkerSlots _slots;
    private readonly PartitionRunner[] _runners;
    private readonly Task _running;

    private RunningEngine(string connectionString, Func<IProjection> create, int partitions)
    {
        _loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Warning).AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        var options = new PupOptions { ConnectionString = connectionString, TotalPartitions = partitions };
        var listener = new NotifyListener(options, TimeProvider.System, _loggers.CreateLogger<NotifyListener>());
        var tail = new TailLoop(_feed, options, TimeProvider.System, _loggers.CreateLogger<TailLoop>(), listener);
        var skips = new SkipWriter(options, TimeProvider.System, _loggers.CreateLogger<SkipWriter>());
        var halted = new HaltedPartitions(_feed, options, TimeProvider.System, _loggers.CreateLogger<HaltedPartitions>());
        _slots = new WorkerSlots(options.Workers);
        var engine = new Grains.Engine(_feed, _slots, skips, halted, options, TimeProvider.System, _loggers);
        var definition = Define(connectionString, create, partitions);
        _runners = [.. Enumerable.Range(0, partitions).Select(p => new PartitionRunner(engine, definition, p, new ProjectionRebuild(options, TimeProvider.System)))];
        _running = Task.WhenAll([RunAsync(tail.RunAsync), RunAsync(skips.RunAsync), .. _runners.Select(r => RunAsync(r.RunAsync))]);
    }

    /// <summary>How the tail loop fares, for the reader of the progress.</summary>
    public string Pace => $"last look {_feed.Status.LookDuration.TotalMilliseconds:N1} ms, next after {_feed.Status.LookInterval.TotalMilliseconds:N1} ms";

    public static async Task RegisterAsync(NpgsqlDataSource dataSource, Func<IProjection> create, int partitions, CancellationToken cancellationToken) =>
        await ProjectionRegistrar.RegisterAsync(dataSource, Define(dataSource.ConnectionString, create, partitions), cancellationToken);

    public static RunningEngine Start(string connectionString, Func<IProjection> create, int partitions) => new(connectionString, create, partitions);

    /// <summary>Returns when every partition has committed all of its events up to a position.</summary>
    public async Task ReachAsync(long position, CancellationToken cancellationToken)
    {
        while (_runners.Any(r => r.Position < position))
        {
            if (_running.IsCompleted)
                await _running;
            if (_runners.FirstOrDefault(r => r.State is PartitionState.Faulted or PartitionState.Halted or PartitionState.Left) is { } stopped)
                throw new BenchException($"The engine stopped ({stopped.State}): {stopped.Journal.Trouble}");
            await Task.Delay(s_poll, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _slots.Dispose();
        _loggers.Dispose();
        _stop.Dispose();
    }

    private static ProjectionDefinition Define(string connectionString, Func<IProjection> create, int partitions) =>
        ProjectionDefinition.Of(create, new PupOptions { ConnectionString = connectionString, TotalPartitions = partitions }, new ProjectionOptions());

    private Task RunAsync(Func<CancellationToken, Task> loop) => Task.Run(async () =>
    {
        try
        {
            await loop(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // That is how loops end.
        }
    });
}
