using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Pup.Grains;
using Pup.Grains.Projections;
using Pup.Silo;
using Pup.Silo.Configuration;
using Pup.Tests.Scenarios.ReadModels;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Hosting;

/// <summary>A silo in the process of an ASP.NET application.</summary>
public sealed class CoHostingTests(PostgresServer server)
{
    private const string Nowhere = "postgres://somebody:secret@127.0.0.1:1/nothing";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ready_means_joined_and_reaching_the_database_until_the_application_stops_and_lag_does_not_matter()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await using var app = Build(database.ConnectionString, silo => silo.UsePupClustering().AddPup().AddProjection<LedgerProjection>());
        var health = app.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal("pup Unhealthy, pup process Healthy", await ReportAsync(health));
        await app.StartAsync(Token);
        Assert.Equal("pup Healthy, pup process Healthy", await ReportAsync(health));

        await database.ExecuteAsync("update projections set state = 'paused'");
        await EventLog.AppendAsync(database, 10, 10);
        Assert.Equal("pup Healthy, pup process Healthy", await ReportAsync(health));

        await using (var elsewhere = await TestDatabase.CreateAsync(server, migrate: false))
        {
            await elsewhere.ExecuteAsync($"alter database {database.Name} allow_connections false");
            await elsewhere.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database.Name);
            Assert.Equal("pup Unhealthy, pup process Healthy", await ReportAsync(health));
            await elsewhere.ExecuteAsync($"alter database {database.Name} allow_connections true");
        }

        // What is left in the pool of the connections that were ended may fail once more.
        await Eventually.TrueAsync(async () => await ReportAsync(health) == "pup Healthy, pup process Healthy", TimeSpan.FromSeconds(10), "ready again");
        // The silo is still in its cluster: whoever is told now goes elsewhere before it leaves.
        app.Lifetime.StopApplication();
        Assert.Equal("pup Unhealthy, pup process Healthy", await ReportAsync(health));
        await app.StopAsync(Token);
    }

    [Fact]
    public async Task A_database_without_the_tables_is_said_before_anything_starts()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var app = Build(database.ConnectionString, silo => silo.UsePupClustering().AddPup().AddProjection<LedgerProjection>());

        var exception = await Assert.ThrowsAnyAsync<Exception>(() => app.StartAsync(Token));

        Assert.Contains("run `pup migrate`", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_that_may_migrate_makes_all_tables_and_joins()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var app = Build(database.ConnectionString, silo => silo.UsePupClustering().AddPup(options => options.AutoMigrate = true).AddProjection<LedgerProjection>());
        await app.StartAsync(Token);
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from orleans.orleansmembershiptable where status = 3"));
        await app.StopAsync(Token);
    }

    [Fact]
    public async Task Configuration_of_the_application_says_every_option_and_code_goes_over_it()
    {
        (string, string)[] settings = [("TOTAL_PARTITIONS", "5"), ("Pup:BatchSize", "7"), ("Pup:Workers", "3"), ("Pup:ClusterId", "mine"), ("Pup:Projections:0", "counter")];
        await using var app = Build(Nowhere, Add, settings);
        await using var other = Build(Nowhere, AddTheOtherWayRound, settings);
        foreach (var services in new[] { app.Services, other.Services })
        {
            var options = services.GetRequiredService<PupOptions>();
            Assert.Equal((5, 7, 9), (options.TotalPartitions, options.BatchSize, options.Workers));
            Assert.Contains("Username=somebody", options.ConnectionString, StringComparison.Ordinal);
            Assert.Equal("mine", services.GetRequiredService<IOptions<ClusterOptions>>().Value.ClusterId);
            Assert.Equal(["counter"], services.GetRequiredService<ProjectionRegistry>().All.Select(projection => projection.Name));
            Assert.Equal((0, null), (services.GetRequiredService<IOptions<EndpointOptions>>().Value.GatewayPort, services.GetRequiredService<IOptions<EndpointOptions>>().Value.GatewayListeningEndpoint));
        }

        static void Add(ISiloBuilder silo) => silo.UsePupClustering().UsePupClustering()
            .AddPup(options => options.Workers = 9).AddProjection<LedgerProjection>().AddProjection<CounterProjection>();

        static void AddTheOtherWayRound(ISiloBuilder silo)
        {
            silo.AddPup(options => options.Workers = 9).AddProjection<LedgerProjection>().AddProjection<CounterProjection>();
            silo.UsePupClustering();
        }
    }

    [Fact]
    public void What_cannot_be_meant_is_one_line_that_says_where_it_stands()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Build(Nowhere, silo => silo.UsePupClustering(), ("Pup:BatchSize", "many")));
        Assert.Equal("Pup:BatchSize is 'many', but BatchSize must be a whole number from 1 to 100,000.", wrong.Message);
        Assert.Contains("DATABASE_URL", Assert.Throws<ConfigurationException>(() => Build("", silo => silo.UsePupClustering())).Message, StringComparison.Ordinal);
    }

    private static WebApplication Build(string address, Action<ISiloBuilder> configure, params (string Name, string Value)[] settings)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value)));
        builder.Configuration["DATABASE_URL"] = address;
        builder.Logging.AddProvider(new XunitLoggerProvider());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        builder.UseOrleans(configure);
        builder.Services.AddHealthChecks().AddPup().AddPup();
        return builder.Build();
    }

    private static async Task<string> ReportAsync(HealthCheckService health)
    {
        var report = await health.CheckHealthAsync(Token);
        return string.Join(", ", report.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key} {entry.Value.Status}"));
    }
}
