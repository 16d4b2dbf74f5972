using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pup.Grains;
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
    private readonly ServiceProvider _services;
    private readonly EventFeed _feed;
    private readonly PartitionRunner[] _runners;
    private readonly Task _running;

    private RunningEngine(string connectionString, Func<IProjection> create, int partitions)
    {
        var services = new ServiceCollection();
        services.AddPupEngine(options => (options.ConnectionString, options.TotalPartitions) = (connectionString, partitions));
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning).AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        _services = services.BuildServiceProvider();
        _feed = _services.GetRequiredService<EventFeed>();
        var engine = _services.GetRequiredService<Grains.Engine>();
        var definition = Define(connectionString, create, partitions);
        _runners = [.. Enumerable.Range(0, partitions).Select(p => new PartitionRunner(engine, definition, p, _services.GetRequiredService<ProjectionRebuild>()))];
        _running = Task.WhenAll([RunAsync(_services.GetRequiredService<TailLoop>().RunAsync), RunAsync(engine.Skips.RunAsync), .. _runners.Select(r => RunAsync(r.RunAsync))]);
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
        await _services.DisposeAsync();
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
