using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Silo;
using Pup.Tests.Docs.Samples;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Docs;

/// <summary>Runs the programs of the page of examples.</summary>
public sealed class ExampleProcessTests(PostgresServer server)
{
    private const string Orders = "select count(*) from order_totals";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_process_with_one_projection_goes_on_where_the_one_before_it_was_stopped()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await PlaceAsync(database, 0, 20);
        await using (var first = SiloProcess.Start(database.ConnectionString, "single", "run"))
        {
            await HasAsync(database, Orders, 20, first);
            await first.TerminateAsync();
            Assert.Equal(0, await first.ExitAsync());
        }

        await PlaceAsync(database, 20, 10);
        await using var second = SiloProcess.Start(database.ConnectionString, "single", "run");
        await HasAsync(database, Orders, 30, second);

        Assert.Contains("order_totals partition 0 of 1 runs from position 20,", second.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_with_several_runs_all_of_them_and_in_a_container_what_one_logs_is_JSON()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await PlaceAsync(database, 0, 20);
        await using var silo = SiloProcess.Start(database.ConnectionString, "DOTNET_RUNNING_IN_CONTAINER=true", "several", "run");
        await HasAsync(database, Orders, 20, silo);
        await HasAsync(database, "select count(*) from order_numbers", 20, silo);
        await silo.SaysAsync("Order o19 was placed, at position 20");

        Assert.Equal("logged_orders 1, order_numbers 4, order_totals 1", await database.ScalarAsync<string>("select string_agg(name || ' ' || partitions, ', ' order by name) from projections"));
        var line = JsonSerializer.Deserialize<JsonElement>(silo.Log().Split('\n').Single(line => line.Contains("Order o7 was placed", StringComparison.Ordinal)));
        Assert.Equal("Pup.Tests.Docs.Samples.LoggedOrders", line.GetProperty("Category").GetString());
        Assert.Equal(("o7", 8), (line.GetProperty("State").GetProperty("OrderId").GetString(), line.GetProperty("State").GetProperty("Position").GetInt64()));
    }

    [Fact]
    public async Task Sixteen_partitions_take_turns_at_two_workers_and_what_is_paused_goes_on_from_its_checkpoints()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        // Each row says how many sessions write at that moment, and takes a while, so that others could.
        await database.ExecuteAsync("""
            create table order_totals (order_id text primary key, total numeric not null, shipped boolean not null default false);
            create table writers (sessions bigint);
            create function note_writers() returns trigger language plpgsql as $$
            begin
                insert into writers select count(distinct pid) from pg_locks where relation = 'order_totals'::regclass and mode = 'RowExclusiveLock';
                perform pg_sleep(0.005);
                return new;
            end $$;
            create trigger note_writers before insert on order_totals for each row execute function note_writers();
            """);
        await PlaceAsync(database, 0, 200);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(silo => ExampleSamples.AddPool(silo.UsePupClustering(database.ConnectionString)));
        OperatingSamples.Add(builder);
        using var application = builder.Build();
        await application.StartAsync(Token);
        await HasAsync(database, Orders, 200);
        Assert.Equal(2, await database.ScalarAsync<long>("select max(sessions) from writers"));
        Assert.Equal(16, await database.ScalarAsync<int>("select partitions from projections"));

        var projections = application.Services.GetRequiredService<IProjectionClient>();
        await ExampleSamples.MaintainAsync(
            projections,
            async () =>
            {
                await Eventually.TrueAsync(
                    async () => (await projections.GetAsync("order_totals", Token)).Condition == ProjectionCondition.Paused, _patience, "it is paused");
                await PlaceAsync(database, 200, 20);
                Assert.Equal(200, await database.ScalarAsync<long>(Orders));
            },
            Token);

        // Caught up as far as the log went; applied twice they would violate the key, and be parked.
        Assert.Equal(220, await database.ScalarAsync<long>(Orders));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
        await application.StopAsync(Token);
    }

    private static async Task PlaceAsync(TestDatabase database, int from, int count)
    {
        for (var order = from; order < from + count; order++)
            await ShopLog.PlaceAsync(database, $"o{order}", $"customer {order % 7}");
    }

    private static Task HasAsync(TestDatabase database, string sql, long rows, SiloProcess? silo = null) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<bool>("select to_regclass($1) is not null", sql.Split(' ')[^1]) && await database.ScalarAsync<long>(sql) == rows,
        _patience,
        () => $"{rows} by '{sql}' {silo?.Log()}");
}
