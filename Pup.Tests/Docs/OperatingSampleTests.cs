using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Silo;
using Pup.Tests.Docs.Samples;
using Pup.Tests.Operations;
using Pup.Tests.Support;

namespace Pup.Tests.Docs;

/// <summary>Runs what the page on operating shows, beside a silo.</summary>
public sealed class OperatingSampleTests(PostgresServer server)
{
    private volatile bool _broken = true;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operator_finds_what_is_wrong_retries_it_and_rebuilds()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a1", "poison");
        await EventLog.AppendOneAsync(database, "a2");
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(new LedgerProjection("orders", (@event, _, _) =>
            _broken && Encoding.UTF8.GetString(@event.Payload.Span) == "poison" ? throw new InvalidOperationException("injected") : ValueTask.CompletedTask));
        builder.UseOrleans(silo => silo.UsePupClustering(database.ConnectionString).AddPup().AddProjection<Shared<LedgerProjection>>());
        OperatingSamples.Add(builder);
        using var application = builder.Build();
        await application.StartAsync(Token);
        var projections = application.Services.GetRequiredService<IProjectionClient>();
        await Eventually.TrueAsync(
            async () => await OperatingSamples.TroubledAsync(projections, Token) is [['o', 'r', 'd', 'e', 'r', 's', ':', ' ', 'P', 'a', ..]], TimeSpan.FromSeconds(30), "parked");

        _broken = false;
        Assert.Equal(1, await OperatingSamples.RetryAsync(projections, "injected", Token));
        await Eventually.TrueAsync(async () => await OperatingSamples.TroubledAsync(projections, Token) is [], TimeSpan.FromSeconds(30), "no trouble");
        await using var output = new StringWriter();
        await OperatingSamples.RebuildAsync(projections, "ann", output, Token);

        Assert.EndsWith($"100 % done, about 0 s left{Environment.NewLine}", output.ToString(), StringComparison.Ordinal);
        await Ledger.AssertExactAsync(database, "orders");
        await application.StopAsync(Token);
    }
}
