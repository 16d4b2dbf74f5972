using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans;
using Pup.Client;
using Pup.Client.Events;
using Pup.Grains;
using Pup.Silo;
using Pup.Tests.Docs.Samples;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;
using Pup.Tests.Telemetry;

namespace Pup.Tests.Scenarios.Cluster;

/// <summary>The real program with projections of the tests, or a program of the pages, in a process of its own. Ends when standard input does, so that it cannot outlive its test.</summary>
internal static class ClusterSilo
{
    public const string Command = "cluster-silo";

    public static async Task<int> RunAsync(string[] args)
    {
        // On a thread of its own: reading the console asynchronously blocks all the same.
        _ = Task.Run(() =>
        {
            Console.In.ReadToEnd();
            Environment.FailFast("The test is over.");
        });
        if (args is [MetricsSilo.Command])
            return await MetricsSilo.RunAsync();
        return await (args switch
        {
            ["web", .. var rest] => WebSamples.RunAsync(rest, Add, Map),
            ["single", .. var rest] => ExampleSamples.SingleAsync(rest),
            ["several", .. var rest] => ExampleSamples.SeveralAsync(rest),
            _ => PupHost.RunAsync(args, Add),
        });
    }

    private static void Add(PupBuilder pup) => pup.AddProjection<LedgerProjection>().AddProjection<CounterProjection>();

    private static void Map(WebApplication app)
    {
        var store = new EventStore(NpgsqlDataSource.Create(app.Configuration["DATABASE_URL"]!));
        app.MapPost("/append/{aggregate}", async (string aggregate) =>
            (await store.AppendAsync("Test", "Thing", aggregate, ExpectedVersion.Any, [new Event { EventType = "Happened", Payload = "{}"u8.ToArray() }])).ToString());
        app.MapPost("/repartition/{projection}/{partitions:int}", (string projection, int partitions, HttpContext context) =>
            context.RequestServices.GetRequiredService<IGrainFactory>().GetGrain<IProjectionGrain>(projection).RepartitionAsync(partitions));
    }
}
