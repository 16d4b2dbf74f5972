using System.Globalization;
using Pup.Bench.Engine;
using Pup.Bench.Servers;

namespace Pup.Bench.Telemetry;

/// <summary>A <see cref="Projector"/>, seen from the benchmark.</summary>
internal sealed class RemoteEngine(EngineContender engine, Child projector) : IContender
{
    public string Name => engine.Name;

    public ReadModel ReadModel => engine.ReadModel;

    /// <summary>Processor seconds of its process for 100,000 events, in the last run.</summary>
    public double Seconds { get; private set; }

    /// <summary>How often it was scraped.</summary>
    public long Scrapes { get; private set; }

    public Task PrepareAsync(CancellationToken cancellationToken) => engine.PrepareAsync(cancellationToken);

    public async Task RunAsync(long target, CancellationToken cancellationToken)
    {
        await projector.TellAsync("run");
        var said = (await projector.LineAsync(cancellationToken)).Split(' ');
        (Seconds, Scrapes) = (double.Parse(said[0], CultureInfo.InvariantCulture), long.Parse(said[1], CultureInfo.InvariantCulture));
    }
}
