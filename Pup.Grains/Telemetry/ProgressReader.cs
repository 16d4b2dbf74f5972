using Microsoft.Extensions.Logging;

namespace Pup.Grains.Telemetry;

/// <summary>Reads from time to time how far all projections are, while anybody collects the metrics of this silo.</summary>
/// <param name="engine">The engine.</param>
/// <param name="living">The silos of the cluster, as they stand beside the partitions they own.</param>
/// <param name="logger">Takes what went wrong.</param>
internal sealed partial class ProgressReader(Engine engine, Func<IReadOnlySet<string>> living, ILogger<ProgressReader> logger)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(engine.Options.MetricsInterval, engine.Time);
        do
        {
            try
            {
                if (engine.Instruments.Progress.AreWanted)
                    await ReadAsync(cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // The last reading grows old, and is not shown any more.
                LogFailed(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        var before = engine.Time.GetUtcNow();
        var reading = await ProgressStore.ReadAsync(generation.DataSource, living(), cancellationToken);
        // The server said the time somewhere between the two.
        engine.Instruments.ClockOffset = reading.DatabaseTime - (before + ((engine.Time.GetUtcNow() - before) / 2));
        engine.Instruments.Progress.Show(reading);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "How far the projections are could not be read: {Reason}")]
    private partial void LogFailed(string reason);
}
