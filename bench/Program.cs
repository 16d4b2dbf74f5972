using System.CommandLine;
using Pup.Bench.CatchUp;
using Pup.Bench.Latency;
using Pup.Bench.Reporting;

var events = new Option<long>("--events") { DefaultValueFactory = _ => 200_000 };
var partitions = new Option<int>("--partitions") { DefaultValueFactory = _ => 1 };
var alternations = new Option<int>("--alternations") { DefaultValueFactory = _ => 5 };
var only = new Option<string?>("--only");
var json = new Option<bool>("--json");
var catchUp = new Command("catch-up", "How fast a log is projected from its beginning.") { events, partitions, alternations, only, json };
catchUp.SetAction(async (parsed, cancellationToken) =>
{
    var settings = new CatchUpSettings(parsed.GetValue(events), parsed.GetValue(partitions), parsed.GetValue(alternations), parsed.GetValue(only)?.Split(','));
    var result = await new CatchUpScenario(settings, new Progress()).RunAsync(cancellationToken);
    Console.WriteLine(result);
    return result.Valid ? 0 : 1;
});
var rate = new Option<int>("--rate") { DefaultValueFactory = _ => 500 };
var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 10 };
var idle = new Option<int>("--idle-samples") { DefaultValueFactory = _ => 40 };
var latency = new Command("latency", "From the acknowledged append to the visible row.") { rate, seconds, idle, alternations, json };
latency.SetAction(async (parsed, cancellationToken) =>
{
    var settings = new LatencySettings(parsed.GetValue(rate), parsed.GetValue(seconds), parsed.GetValue(idle), parsed.GetValue(alternations));
    Console.WriteLine(await new LatencyScenario(settings, new Progress()).RunAsync(cancellationToken));
    return 0;
});
return await new RootCommand("Macro benchmarks.") { catchUp, latency }.Parse(args).InvokeAsync();
