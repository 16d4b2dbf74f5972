using System.Globalization;
using Pup.Bench.CatchUp;
using Pup.Bench.Engine;
using Pup.Bench.Reporting;
using Pup.Bench.Servers;

namespace Pup.Bench.Telemetry;

/// <summary>Processor time of projecting a log, with and without being watched, alternately.</summary>
internal sealed class TelemetryScenario(TelemetrySettings settings, Progress progress)
{
    private const string Traced = "update events set trace_id = md5((global_position / 5)::text), causation_id = substr(md5((global_position / 5)::text), 1, 16)";

    public async Task<TelemetryResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.CreateAsync(cancellationToken);
        progress.Say($"seeding {settings.Events:N0} events");
        await Seed.RunAsync(database, settings.Events, cancellationToken);
        // Every five from one request: most batches have as many links as a span may have.
        await database.ExecuteAsync(Traced, cancellationToken);
        await database.ExecuteAsync("vacuum full analyze events", cancellationToken);

        await using var receiver = Child.Start(database.ConnectionString, ChildRole.Receiver);
        var address = await receiver.LineAsync(cancellationToken);
        var events = settings.Events.ToString(CultureInfo.InvariantCulture);
        await using var alone = Child.Start(database.ConnectionString, ChildRole.Projector, events);
        await using var watched = Child.Start(database.ConnectionString, ChildRole.Projector, events, address);

        var arena = new Arena(database, settings.Events);
        var engine = EngineContender.Totals(database.ConnectionString, 1);
        var (without, with) = (new RemoteEngine(engine, alone), new RemoteEngine(engine, watched));
        var runs = new List<(double Without, double With)>();
        for (var round = 0; round <= settings.Alternations; round++)
        {
            // Each goes first as often as second: what the machine does to whoever comes second does not count.
            foreach (var one in round % 2 == 0 ? [without, with] : new[] { with, without })
                await arena.RunAsync(one, cancellationToken);
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"{(round == 0 ? "warm-up" : $"{round}/{settings.Alternations}")}: {without.Seconds:0.000} s without, {with.Seconds:0.000} s with, for 100,000 events"));
            if (round > 0)
                runs.Add((without.Seconds, with.Seconds));
        }

        return TelemetryResult.Of(settings, runs, with.Scrapes, await Watcher.BytesOfAsync(address, cancellationToken));
    }
}
