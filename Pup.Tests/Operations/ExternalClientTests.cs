using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Pup.Client;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Silo;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>The client in an application of its own, and beside a silo, on the clustering that is used in production.</summary>
public sealed class ExternalClientTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_application_starts_without_any_silo_and_commands_the_cluster_once_one_is_there_and_again_after_it_was_replaced()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        using var application = Build(database.ConnectionString, builder => builder.AddPupClient(options => options.Patience = TimeSpan.FromSeconds(1)));
        await application.StartAsync(Token);
        var projections = application.Services.GetRequiredService<IProjectionClient>();
        Assert.Empty(await projections.ListAsync(Token));

        using (var silo = Build(database.ConnectionString, AddSilo))
        {
            await silo.StartAsync(Token);
            await Eventually.TrueAsync(async () => await ConditionAsync(projections) == ProjectionCondition.CaughtUp, TimeSpan.FromSeconds(30), "caught up");
            await Eventually.TrueAsync(() => SucceedsAsync(() => projections.PauseAsync("ledger", Token)), TimeSpan.FromSeconds(30), "paused");
            Assert.Equal(ProjectionCondition.Paused, await ConditionAsync(projections));
            await silo.StopAsync(Token);
        }

        await Assert.ThrowsAsync<ClusterUnavailableException>(() => projections.ResumeAsync("ledger", Token));
        await EventLog.AppendAsync(database, 10, 10);
        Assert.Equal(10, (await projections.GetAsync("ledger", Token)).Lag);

        using var other = Build(database.ConnectionString, AddSilo);
        await other.StartAsync(Token);
        await Eventually.TrueAsync(() => SucceedsAsync(() => projections.ResumeAsync("ledger", Token)), TimeSpan.FromSeconds(30), "resumed");
        await Eventually.TrueAsync(async () => await ConditionAsync(projections) == ProjectionCondition.CaughtUp, TimeSpan.FromSeconds(30), "caught up again");
        await Ledger.AssertExactAsync(database);
        await application.StopAsync(Token);
        await other.StopAsync(Token);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Beside_a_silo_the_client_needs_no_setting_whichever_is_added_first(bool clientFirst)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        using var application = Build("", builder =>
        {
            if (clientFirst)
                builder.AddPupClient();
            builder.UseOrleans(silo => silo.UsePupClustering(database.ConnectionString).AddPup().AddProjection<LedgerProjection>());
            if (!clientFirst)
                builder.AddPupClient().AddPupClient();
        });
        await application.StartAsync(Token);
        var projections = application.Services.GetRequiredService<IProjectionClient>();
        // Registered in the background, once the host has started.
        await Eventually.TrueAsync(async () => await ConditionAsync(projections) == ProjectionCondition.CaughtUp, TimeSpan.FromSeconds(30), "caught up");

        await projections.PauseAsync("ledger", Token);
        Assert.Equal(ProjectionCondition.Paused, await ConditionAsync(projections));
        await projections.ResumeAsync("ledger", Token);
        await Eventually.TrueAsync(async () => await ConditionAsync(projections) == ProjectionCondition.CaughtUp, TimeSpan.FromSeconds(30), "caught up");
        await application.StopAsync(Token);
    }

    [Fact]
    public async Task Without_an_address_of_a_database_it_is_said_what_to_set()
    {
        using var application = Build("", static builder => builder.AddPupClient());
        await application.StartAsync(Token);

        var missing = await Assert.ThrowsAsync<InvalidOperationException>(() => application.Services.GetRequiredService<IProjectionClient>().ListAsync(Token));

        Assert.Contains("DATABASE_URL", missing.Message, StringComparison.Ordinal);
        await application.StopAsync(Token);
    }

    [Fact]
    public async Task A_url_with_a_typing_error_is_explained_without_repeating_it()
    {
        using var application = Build("postgres://ann:hunter2@db:x/shop", static builder => builder.AddPupClient());

        var malformed = Assert.ThrowsAny<Exception>(() => application.Services.GetRequiredService<IProjectionClient>());

        Assert.Contains("database address is malformed", malformed.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", malformed.ToString(), StringComparison.Ordinal);
        await application.StartAsync(Token);
        await application.StopAsync(Token);
    }

    private static async Task<ProjectionCondition> ConditionAsync(IProjectionClient projections) =>
        (await projections.ListAsync(Token)) is [var only] ? only.Condition : ProjectionCondition.Unknown;

    private static async Task<bool> SucceedsAsync(Func<Task> command)
    {
        try
        {
            await command();
            return true;
        }
        catch (ClusterUnavailableException)
        {
            return false;
        }
    }

    private static void AddSilo(HostApplicationBuilder builder)
    {
        builder.Configuration["Pup:Gateway"] = "true";
        builder.UseOrleans(static silo => silo.UsePupClustering().AddPup().AddProjection<LedgerProjection>());
    }

    private static IHost Build(string address, Action<HostApplicationBuilder> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("DATABASE_URL", (string?)address)]);
        builder.Logging.AddProvider(new XunitLoggerProvider());
        configure(builder);
        return builder.Build();
    }
}
