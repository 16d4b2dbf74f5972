using System.Collections.Concurrent;
using System.Diagnostics;
using Pup.Bench.Baselines;
using Pup.Bench.Engine;
using Pup.Bench.Reporting;
using Pup.Bench.Servers;

namespace Pup.Bench.Latency;

/// <summary>
/// From the acknowledged append to the visible row, while events flow and from idle: the engine without any NOTIFY against a
/// LISTEN loop by hand, alternately on the same server.
/// </summary>
internal sealed class LatencyScenario(LatencySettings settings, Progress progress)
{
    private const int Writers = 8;

    private readonly Random _random = new(1);

    public async Task<LatencyResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.CreateAsync(cancellationToken);
        await database.ExecuteAsync(LogCopy.Tables, cancellationToken);
        var (engine, byHand) = (new LatencySamples(), new LatencySamples());
        await RunningEngine.RegisterAsync(database.DataSource, () => new VisibleRows(), 1, cancellationToken);
        for (var round = 1; round <= settings.Alternations; round++)
        {
            await using (var running = RunningEngine.Start(database.ConnectionString, () => new VisibleRows(), 1))
                await MeasureAsync(database, LogCopy.OfTheEngine, engine, $"{round}/{settings.Alternations}: engine", () => $" ({running.Pace})", cancellationToken);

            await using (var loop = new ListenLoop(database.ConnectionString))
            {
                await loop.StartAsync(cancellationToken);
                await MeasureAsync(database, LogCopy.ByHand, byHand, $"{round}/{settings.Alternations}: listen loop", () => "", cancellationToken);
            }
        }
        return LatencyResult.Of(settings, engine, byHand);
    }

    private async Task MeasureAsync(BenchDatabase database, LogCopy log, LatencySamples samples, string what, Func<string> remark, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("checkpoint", cancellationToken);
        await using var observer = await Observer.StartAsync(database.DataSource, log, cancellationToken);
        var flow = await FlowAsync(database, log, observer, cancellationToken);
        samples.Flow.AddRange(flow);
        progress.Say($"{what}: {settings.Rate}/s: p50 {Statistics.Percentile(flow, 0.5):N1} ms, p99 {Statistics.Percentile(flow, 0.99):N1} ms of {flow.Count}{remark()}");
        var idle = await IdleAsync(database, log, observer, cancellationToken);
        samples.Idle.AddRange(idle);
        progress.Say($"{what}: from idle: p50 {Statistics.Percentile(idle, 0.5):N1} ms, p99 {Statistics.Percentile(idle, 0.99):N1} ms of {idle.Count}{remark()}");
        await VerifyAsync(database, log, cancellationToken);
    }

    /// <summary>An open loop: appends are due by the clock, whether or not earlier ones have become visible. The first two seconds are warm-up.</summary>
    private async Task<List<double>> FlowAsync(BenchDatabase database, LogCopy log, Observer observer, CancellationToken cancellationToken)
    {
        var (appended, next, start) = (new ConcurrentBag<(long Number, Appended Event)>(), -1L, Stopwatch.GetTimestamp());
        var warmUp = 2L * settings.Rate;
        var total = warmUp + ((long)settings.Seconds * settings.Rate);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(WriteAsync, cancellationToken)));
        var latencies = new List<double>();
        foreach (var (number, @event) in appended)
        {
            var latency = await observer.LatencyAsync(@event, cancellationToken);
            if (number >= warmUp)
                latencies.Add(latency);
        }
        return latencies;

        async Task WriteAsync()
        {
            await using var appender = await Appender.OpenAsync(database.DataSource, log, cancellationToken);
            for (var number = Interlocked.Increment(ref next); number < total; number = Interlocked.Increment(ref next))
            {
                var due = TimeSpan.FromSeconds(number / (double)settings.Rate) - Stopwatch.GetElapsedTime(start);
                if (due > TimeSpan.Zero)
                    await Task.Delay(due, cancellationToken);
                appended.Add((number, await appender.AppendAsync(cancellationToken)));
            }
        }
    }

    private async Task<List<double>> IdleAsync(BenchDatabase database, LogCopy log, Observer observer, CancellationToken cancellationToken)
    {
        await using var appender = await Appender.OpenAsync(database.DataSource, log, cancellationToken);
        var latencies = new List<double>();
        for (var sample = 0; sample < settings.IdleSamples; sample++)
        {
            await Task.Delay(_random.Next(300, 700), cancellationToken);
            latencies.Add(await observer.LatencyAsync(await appender.AppendAsync(cancellationToken), cancellationToken));
        }
        return latencies;
    }

    private static async Task VerifyAsync(BenchDatabase database, LogCopy log, CancellationToken cancellationToken)
    {
        var missing = await database.ScalarAsync<long>($"select count(*) from {log.Events} full join {log.Rows} using (global_position) where event_id is null or {log.Rows}.global_position is null", cancellationToken);
        if (missing != 0)
            throw new BenchException($"The run over {log.Events} is void: {missing} events are missing in {log.Rows} or were never appended.");
    }
}
