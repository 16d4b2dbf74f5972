using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pup.Silo.Demo.Reporting;

/// <summary>What <c>--once</c> answers.</summary>
/// <param name="Events">Events in the log.</param>
/// <param name="FileEvents">File events that the read model has applied.</param>
/// <param name="LivePaths">Paths that exist according to the read model.</param>
/// <param name="Projected">Events of the log that every projection has seen.</param>
/// <param name="Lag">Positions that the slowest projection is behind.</param>
/// <param name="Seconds">How long this run projected.</param>
/// <param name="EventsPerSecond">Events that this run brought every projection past, per second.</param>
internal sealed record DemoResult(
    [property: JsonPropertyName("events")] long Events,
    [property: JsonPropertyName("file_events")] long FileEvents,
    [property: JsonPropertyName("live_paths")] long LivePaths,
    [property: JsonPropertyName("projected")] long Projected,
    [property: JsonPropertyName("lag")] long Lag,
    [property: JsonPropertyName("seconds")] double Seconds,
    [property: JsonPropertyName("events_per_second")] double EventsPerSecond)
{
    public static async Task<DemoResult> ReadAsync(
        ProjectionProgress progress, ProjectionState state, long before, TimeSpan elapsed, CancellationToken cancellationToken)
    {
        var projected = await progress.CountAsync(state.Position, cancellationToken);
        var (fileEvents, livePaths) = await progress.FilesAsync(cancellationToken);
        return new DemoResult(
            await progress.CountAsync(long.MaxValue, cancellationToken),
            fileEvents,
            livePaths,
            projected,
            state.Lag,
            Math.Round(elapsed.TotalSeconds, 3),
            Math.Round((projected - before) / Math.Max(elapsed.TotalSeconds, 0.001)));
    }

    public string ToJson() => JsonSerializer.Serialize(this);
}
