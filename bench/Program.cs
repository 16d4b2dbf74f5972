using System.CommandLine;
using Npgsql;
using Pup.Bench;
using Pup.Bench.Append;
using Pup.Bench.CatchUp;
using Pup.Bench.Cluster;
using Pup.Bench.Lag;
using Pup.Bench.Latency;
using Pup.Bench.Reporting;
using Pup.Bench.Servers;
using Pup.Bench.Telemetry;
using Pup.Bench.Wait;
using Pup.Silo;

if (ChildRole.IsOne(args))
    return await ChildRole.RunAsync(args);

var progress = new Progress();
var json = new Option<bool>("--json") { Description = "One JSON line on standard output instead of a table." };
var events = Number("--events", 200_000, "Events in the log.");
var partitions = Number("--partitions", 1, "Partitions, for every contender.");
var alternations = Number("--alternations", 5, "How often every contender runs; medians are reported.");
var only = new Option<string?>("--only") { Description = "Contenders by name, separated by commas. Default: all." };
var memory = new Option<bool>("--memory") { Description = "Also compare the engine's peak memory with that at ten times the events." };
var catchUp = new Command("catch-up", "How fast a log is projected from its beginning, in events per second.") { events, partitions, alternations, memory, only, json };
catchUp.SetAction((parsed, cancellationToken) => ReportAsync(parsed, new CatchUpScenario(
    new CatchUpSettings(parsed.GetValue(events), parsed.GetValue(partitions), parsed.GetValue(alternations), parsed.GetValue(only)?.Split(','), parsed.GetValue(memory)), progress).RunAsync(cancellationToken)));

var rate = Number("--rate", 500, "Appends per second.");
var seconds = Number("--seconds", 10, "How long they flow, in each alternation.");
var idleSamples = Number("--idle-samples", 40, "Single appends from idle, in each alternation.");
var rounds = Number("--alternations", 3, "How often every contender runs; percentiles are of all samples together.");
var latency = new Command("latency", "From the acknowledged append to the visible row, in milliseconds.") { rate, seconds, idleSamples, rounds, json };
latency.SetAction((parsed, cancellationToken) => ReportAsync(parsed, new LatencyScenario(
    new LatencySettings(parsed.GetValue(rate), parsed.GetValue(seconds), parsed.GetValue(idleSamples), parsed.GetValue(rounds)), progress).RunAsync(cancellationToken)));

var span = Number("--seconds", 5, "How long the writers append, in each alternation.");
var append = new Command("append", "Appends per second of 16 writers, with and without a silo that projects them.") { span, alternations, json };
append.SetAction((parsed, cancellationToken) => ReportAsync(parsed, new AppendScenario(
    new AppendSettings(parsed.GetValue(span), parsed.GetValue(alternations)), progress).RunAsync(cancellationToken)));

var shared = Number("--partitions", 12, "Partitions of the projection.");
var flow = Number("--rate", 200, "Appends per second meanwhile.");
var failover = new Command("failover", "Seconds until partitions go on elsewhere after a kill, a stop and a freeze of one silo of three, and what a rolling restart costs.") { shared, flow, json };
failover.SetAction((parsed, cancellationToken) => ReportAsync(parsed, new FailoverScenario(
    new FailoverSettings(parsed.GetValue(shared), parsed.GetValue(flow)), progress).RunAsync(cancellationToken)));

var many = Number("--partitions", 1000, "Partitions of the projection.");
var still = Number("--seconds", 60, "How long statements and processor time are counted.");
var idle = new Command("idle", "What many partitions on two silos cost that have nothing to do.") { many, still, json };
idle.SetAction((parsed, cancellationToken) => ReportAsync(parsed, new IdleScenario(
    new IdleSettings(parsed.GetValue(many), parsed.GetValue(still)), progress).RunAsync(cancellationToken)));

var log = Number("--events", 1_000_000, "Events in the log.");
var watched = new Command("telemetry", "Processor time for 100,000 events, with and without metrics and traces.") { log, alternations, json };
watched.SetAction((parsed, cancellationToken) => ReportAsync(parsed, new TelemetryScenario(
    new TelemetrySettings(parsed.GetValue(log), parsed.GetValue(alternations)), progress).RunAsync(cancellationToken)));

var rows = Number("--partitions", 1000, "Partitions of the projection.");
var times = Number("--rounds", 200, "How often each way to ask is taken; medians are reported.");
var lag = new Command("lag", "What it costs to ask for the lag of many partitions, in milliseconds.") { log, rows, times, json };
lag.SetAction((parsed, cancellationToken) => ReportAsync(parsed, new LagScenario(
    new LagSettings(parsed.GetValue(log), parsed.GetValue(rows), parsed.GetValue(times)), progress).RunAsync(cancellationToken)));

var waitSeconds = Number("--seconds", 10, "How long appends flow, in each alternation.");
var wait = new Command("wait", "Reading one's own writes over three silos: append and WaitFor against append and polling the row every 5 ms.") { shared, flow, waitSeconds, rounds, json };
wait.SetAction((parsed, cancellationToken) => ReportAsync(parsed, new WaitScenario(
    new WaitSettings(parsed.GetValue(flow), parsed.GetValue(waitSeconds), parsed.GetValue(rounds), parsed.GetValue(shared)), progress).RunAsync(cancellationToken)));

return await new RootCommand("Benchmarks of Pup against loops written by hand, in the same run on the same server.")
{
    catchUp,
    latency,
    append,
    failover,
    idle,
    watched,
    lag,
    wait,
}.Parse(args).InvokeAsync();

static Option<int> Number(string name, int standard, string description) =>
    new(name) { Description = $"{description} Default: {standard}.", DefaultValueFactory = _ => standard };

async Task<int> ReportAsync<T>(ParseResult parsed, Task<T> running)
{
    try
    {
        return Output.Write(ResultJson.Line(await running), parsed.GetValue(json));
    }
    catch (Exception error) when (error is BenchException or StartupException or FormatException or NpgsqlException)
    {
        await Console.Error.WriteLineAsync(error.Message);
        return 1;
    }
}
