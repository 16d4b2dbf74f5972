using System.Globalization;
using Pup.Bench.Engine;

namespace Pup.Bench.Telemetry;

/// <summary>
/// The engine in a process of its own, watched from its start or never: what it costs to begin to be watched, once in a silo's life, is in no
/// figure after the first.
/// </summary>
internal static class Projector
{
    /// <summary>
    /// For each line of standard input projects the log from its beginning and writes the processor seconds of 100,000 events, and how often it was
    /// scraped so far.
    /// </summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="events">Events in the log.</param>
    /// <param name="receiver">Address of a <see cref="Receiver"/>; null when it is not watched.</param>
    public static async Task<int> RunAsync(string connectionString, long events, string? receiver)
    {
        var engine = EngineContender.Totals(connectionString, 1);
        await using var watcher = receiver is null ? null : await Watcher.StartAsync(receiver);
        // On a thread of its own: reading the console asynchronously blocks all the same.
        while (await Task.Run(Console.In.ReadLine) is not null)
        {
            GC.Collect();
            var before = Environment.CpuUsage.TotalTime;
            await engine.RunAsync(events, CancellationToken.None);
            var seconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds * 100_000 / events;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds:R} {watcher?.Scrapes ?? 0}"));
        }

        return 0;
    }
}
