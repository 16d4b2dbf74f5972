using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pup.Client;
using Pup.Client.Operations;
using Pup.Tests.Support;

namespace Pup.Tests.Deploy;

/// <summary>What somebody must set right and then say so.</summary>
public sealed class FailureAlertTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Alerts_fire_when_keys_are_parked_and_when_a_partition_stops_and_end_when_it_is_resumed_and_they_are_retried()
    {
        await using var cluster = await AlertedCluster.StartAsync(server, "Pup__ParkedKeysLimit=1", "Pup__Gateway=true");
        await cluster.Database.ExecuteAsync("alter table ledger add constraint healthy check (aggregate_id not like 'sick%')");

        await EventLog.AppendOneAsync(cluster.Database, "sick1");
        await cluster.FireAloneAsync("PupErrors", "PupKeysParked");
        await cluster.FireAloneAsync("PupKeysParked");
        await EventLog.AppendOneAsync(cluster.Database, "sick2");
        await cluster.FireAsync("PupPartitionFaulted");

        await cluster.Database.ExecuteAsync("alter table ledger drop constraint healthy");
        using var application = await StartClientAsync(cluster.Database);
        var projections = application.Services.GetRequiredService<IProjectionClient>();
        await projections.ResumeAsync("watched", Token);
        await cluster.CaughtUpAsync();
        await projections.RetryDeadLettersAsync("watched", DeadLetterFilter.All, Token);
        await cluster.QuietAsync();
        await Ledger.AssertExactAsync(cluster.Database, "watched");
        await application.StopAsync(Token);
    }

    [Fact]
    public async Task An_alert_fires_when_a_deployment_has_another_read_model_version_and_ends_when_it_is_taken_back()
    {
        await using var cluster = await AlertedCluster.StartAsync(server);

        await cluster.Database.ExecuteAsync("update projections set read_model_version = 7 where name = 'watched'");
        await cluster.JoinAsync();
        await cluster.FireAloneAsync("PupNeedsRebuild");
        await cluster.Database.ExecuteAsync("update projections set read_model_version = 1 where name = 'watched'");
        await cluster.JoinAsync();
        await cluster.QuietAsync();
    }

    private static async Task<IHost> StartClientAsync(TestDatabase database)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("DATABASE_URL", (string?)database.ConnectionString)]);
        builder.AddPupClient(static options => options.Patience = TimeSpan.FromSeconds(30));
        var application = builder.Build();
        await application.StartAsync(Token);
        return application;
    }
}
