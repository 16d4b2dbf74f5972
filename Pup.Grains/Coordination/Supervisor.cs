using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pup.Client;
using Pup.Grains.Projections;

namespace Pup.Grains.Coordination;

/// <summary>
/// Sees to it that the partitions of the projections hosted here run, at start and on a slow timer: what makes a start take seconds
/// rather than the period of a reminder. Also ends rebuilds that have reached their target.
/// </summary>
internal sealed partial class Supervisor(Engine engine, ProjectionRegistry projections, IGrainFactory grains, ILogger<Supervisor> logger)
    : BackgroundService
{
    private static readonly TimeSpan _retryInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _rebuildInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // The first generation stands for "the schema is there and the projections are registered".
            await engine.Feed.GenerationAsync(stoppingToken);
            await Task.WhenAll(
                EveryAsync(engine.Options.SupervisionInterval, EnsureAllAsync, stoppingToken),
                EveryAsync(_rebuildInterval, CompleteRebuildsAsync, stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task EveryAsync(TimeSpan interval, Func<CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        while (true)
        {
            var pause = interval;
            try
            {
                await action(cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(exception.Message);
                pause = _retryInterval;
            }

            await Task.Delay(pause, engine.Time, cancellationToken);
        }
    }

    private Task EnsureAllAsync(CancellationToken cancellationToken) => Task.WhenAll(
        projections.All.Select(projection => grains.GetGrain<IProjectionGrain>(projection.Name).EnsureRunningAsync(cancellationToken)));

    private async Task CompleteRebuildsAsync(CancellationToken cancellationToken)
    {
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        await new ProjectionStateStore(generation.DataSource).CompleteRebuildsAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Supervision will be tried again: {Reason}")]
    private partial void LogFailed(string reason);
}
