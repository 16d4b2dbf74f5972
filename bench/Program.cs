using System.CommandLine;
using Pup.Bench;
using Pup.Bench.CatchUp;
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
return await new RootCommand("Macro benchmarks.") { catchUp }.Parse(args).InvokeAsync();
