using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pup.Client.Events;
using Pup.Client.Http;
using Pup.Client.Operations;
using Pup.Grains.Projections;
using Pup.Tests.Docs.Samples;
using Pup.Tests.Support;

namespace Pup.Tests.Http;

/// <summary>The application of the page, with a real silo and a real database, asked over HTTP.</summary>
public sealed class SiloHttpTests(PostgresServer server)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_operation_does_over_HTTP_what_it_does_in_the_cluster_and_the_audit_names_the_key()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 200, 20);
        var isBroken = true;
        await using var app = await StartAsync(database, @event =>
        {
            if (isBroken && @event.AggregateId == "a3")
                throw new InvalidOperationException("it does not like a3");
        });
        using var client = new HttpProjectionClient(new Uri(app.Urls.First() + "/pup"), HttpHost.OperateKey);

        await UntilAsync(client, report => report is { Condition: ProjectionCondition.Parked, Lag: 0, DeadLetters: 10 });
        Assert.Equal("ledger", Assert.Single(await client.ListAsync(Token)).Projection);
        var letters = await client.ListDeadLettersAsync("ledger", new() { OrderingKey = "a3", Limit = 1 }, Token);
        var letter = await client.FindDeadLetterAsync("ledger", Assert.Single(letters).Id, Token);
        Assert.Contains("it does not like a3", letter!.FullError, StringComparison.Ordinal);
        Assert.Equal("a3", letter.Event?.AggregateId);
        Assert.Null(await client.FindDeadLetterAsync("ledger", letter.Id + 1_000, Token));
        isBroken = false;
        Assert.True(await client.RetryDeadLettersAsync("ledger", new() { Error = "does not like" }, Token) > 0);
        await UntilAsync(client, report => report is { Condition: ProjectionCondition.CaughtUp, DeadLetters: 0 });
        await Ledger.AssertExactAsync(database);

        await client.PauseAsync("ledger", Token);
        await UntilAsync(client, report => report.Condition == ProjectionCondition.Paused);
        await client.ResumeAsync("ledger", Token);
        await client.RestartAsync("ledger", Token);
        await client.RepartitionAsync("ledger", 4, Token);
        await UntilAsync(client, report => report is { Condition: ProjectionCondition.CaughtUp, Partitions.Count: 4 });
        await foreach (var progress in client.RebuildAsync("ledger", Token))
            Assert.InRange(progress.Share, 0, 1);
        var appended = await new EventStore(database.DataSource).AppendAsync("Test", "Thing", "new", ExpectedVersion.Any, [new Event { EventType = "Happened", Payload = "{}"u8.ToArray() }], Token);
        Assert.Equal(new WaitResult(WaitOutcome.Applied), await client.WaitForAsync("ledger", appended, TimeSpan.FromSeconds(30), Token));
        Assert.Equal(1L, await database.ScalarAsync<long>("select count(*) from ledger where aggregate_id = 'new'"));
        await EventLog.AppendAsync(database, 50, 20);
        Assert.True((await client.CatchUpAsync("ledger", Token).LastAsync(Token)).Partitions.Min(partition => partition.Position) >= 250);
        await Ledger.AssertExactAsync(database);
        await Assert.ThrowsAsync<ProjectionNotFoundException>(() => client.PauseAsync("nothing", Token));
        Assert.Equal("ops", await database.ScalarAsync<string>("select string_agg(distinct actor, ', ') from projection_audit where projection_name = 'ledger' and action <> 'register'"));
        await app.StopAsync(Token);
    }

    [Fact]
    public async Task Odd_requests_are_answered_with_what_is_wrong_with_them_by_a_real_cluster_too()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 10, 5);
        await using var app = await StartAsync(database, static _ => { });
        using var client = new HttpProjectionClient(new Uri(app.Urls.First() + "/pup"), HttpHost.OperateKey);
        await UntilAsync(client, report => report.Condition == ProjectionCondition.CaughtUp);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = _patience, DefaultRequestHeaders = { { "X-Api-Key", HttpHost.OperateKey } } };
        await FuzzTests.SendOddRequestsAsync(http, "ledger", 300);
        await client.ResumeAsync("ledger", Token);
        await UntilAsync(client, report => report.Condition is ProjectionCondition.CaughtUp);
        await Ledger.AssertExactAsync(database);
        await app.StopAsync(Token);
    }

    private static Task UntilAsync(HttpProjectionClient client, Func<ProjectionReport, bool> condition)
    {
        return Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return condition(await client.GetAsync("ledger", Token));
                }
                catch (ProjectionNotFoundException)
                {
                    return false;
                }
            },
            _patience,
            "the projection is as it should be");
    }

    private static async Task<WebApplication> StartAsync(TestDatabase database, Action<PersistedEvent> before)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.Configuration.AddInMemoryCollection(HttpHost.Keys.Select(setting => KeyValuePair.Create(setting.Item1, (string?)setting.Item2)));
        builder.Configuration["DATABASE_URL"] = database.ConnectionString;
        builder.Configuration["Pup:MaxAttempts"] = "1";
        builder.Configuration["Pup:SkipInterval"] = "100ms";
        builder.Logging.ClearProviders().AddProvider(new XunitLoggerProvider()).SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddProblemDetails();
        // The projection takes it from the services.
        builder.Services.AddSingleton<Func<PersistedEvent, ProjectionTransaction, CancellationToken, ValueTask>>((@event, _, _) =>
        {
            before(@event);
            return ValueTask.CompletedTask;
        });
        var app = HttpSamples.Build(builder, static pup => pup.AddProjection<LedgerProjection>());
        app.UseStatusCodePages();
        await app.StartAsync(Token);
        return app;
    }
}
