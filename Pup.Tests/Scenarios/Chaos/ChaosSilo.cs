using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pup.Client.Events;
using Pup.Grains;
using Pup.Grains.Projections;
using Pup.Silo;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.Chaos;

/// <summary>The real program with projections of every style whose handlers fail now and then; takes orders from standard input.</summary>
internal static class ChaosSilo
{
    public const string Command = "chaos-silo";

    public static Task<int> RunAsync(string seed, string[] flags)
    {
        var failures = new PassingFailures(int.Parse(seed, CultureInfo.InvariantCulture));
        return PupHost.RunAsync(flags, pup =>
        {
            pup.Services.AddSingleton(failures);
            pup.Services.AddSingleton<Func<PersistedEvent, ProjectionTransaction, CancellationToken, ValueTask>>((@event, _, _) =>
            {
                failures.Strike("ledger", @event);
                return ValueTask.CompletedTask;
            });
            pup.Services.AddSingleton<IHostedService, OrdersFromInput>();
            pup.AddProjection<LedgerProjection>().AddProjection<CounterProjection>().AddProjection<FoldDocuments>().AddProjection<LiveProjection>();
        });
    }
}
