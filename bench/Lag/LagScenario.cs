using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pup.Bench.Reporting;
using Pup.Bench.Servers;
using Pup.Client;
using Pup.Client.Http;
using Pup.Client.Operations;

namespace Pup.Bench.Lag;

/// <summary>What it costs to ask for the lag of many partitions over a long log: by the statement of pupsourcing's guide, and by the client, in turns.</summary>
internal sealed class LagScenario(LagSettings settings, Progress progress)
{
    // The statement of the guide, as it is.
    private const string Guide = """
        select projection_name, last_global_position, (select max(global_position) from events) - last_global_position as lag, updated_at
        from projection_checkpoints order by lag desc
        """;

    private const string Fill = """
        insert into projections (name, partitions, configured_partitions, key_signature, scope_signature) values ('orders', $1, $1, '', '')
        """;

    private const string FillRows = """
        insert into projection_checkpoints (projection_name, last_global_position, epoch)
        select 'orders_p' || i, (select max(global_position) from events) - i, 1 from generate_series(0, $1 - 1) as i
        """;

    private const string FillOwners = """
        insert into projection_partitions (projection_name, partition, silo) select 'orders', i, '127.0.0.1:11111@1' from generate_series(0, $1 - 1) as i
        """;

    public async Task<LagResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var database = await BenchDatabase.CreateAsync(cancellationToken);
        progress.Say(string.Create(CultureInfo.InvariantCulture, $"appending {settings.Events:N0} events"));
        await Seed.RunAsync(database, settings.Events, cancellationToken);
        foreach (var sql in (string[])[Fill, FillRows, FillOwners])
        {
            await using var fill = database.DataSource.CreateCommand(sql);
            fill.Parameters.Add(new NpgsqlParameter<int> { TypedValue = settings.Partitions });
            await fill.ExecuteNonQueryAsync(cancellationToken);
        }

        await database.ExecuteAsync("vacuum analyze", cancellationToken);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.AddPupClient(options => options.ConnectionString = database.ConnectionString);
        await using var app = builder.Build();
        app.MapPup("/pup");
        await app.StartAsync(cancellationToken);
        using var remote = new HttpProjectionClient(new Uri(app.Urls.First() + "/pup"));
        return await MeasureAsync(database, app.Services.GetRequiredService<IProjectionClient>(), remote, cancellationToken);
    }

    private async Task<LagResult> MeasureAsync(BenchDatabase database, IProjectionClient projections, HttpProjectionClient remote, CancellationToken cancellationToken)
    {
        var (guide, client, http) = (new List<double>(), new List<double>(), new List<double>());
        var same = true;
        // The first rounds compile and prepare.
        for (var round = -20; round < settings.Rounds; round++)
        {
            var clock = Stopwatch.GetTimestamp();
            var asked = await GuideAsync(database, cancellationToken);
            var byGuide = Stopwatch.GetElapsedTime(clock).TotalMilliseconds;
            clock = Stopwatch.GetTimestamp();
            var reports = await projections.ListAsync(cancellationToken);
            var byClient = Stopwatch.GetElapsedTime(clock).TotalMilliseconds;
            clock = Stopwatch.GetTimestamp();
            var answers = await remote.ListAsync(cancellationToken);
            var byHttp = Stopwatch.GetElapsedTime(clock).TotalMilliseconds;
            same &= Same(asked, reports) && Same(asked, answers);
            if (round < 0)
                continue;
            guide.Add(byGuide);
            client.Add(byClient);
            http.Add(byHttp);
        }

        return new LagResult
        {
            Events = settings.Events,
            Partitions = settings.Partitions,
            GuideMs = Math.Round(Statistics.Median(guide), 2),
            ClientMs = Math.Round(Statistics.Median(client), 2),
            HttpMs = Math.Round(Statistics.Median(http), 2),
            SameLags = same,
            Rounds = settings.Rounds,
        };
    }

    private static bool Same(Dictionary<string, long> asked, IReadOnlyList<ProjectionReport> reports) =>
        reports.Sum(report => report.Partitions.Count) == asked.Count
        && reports.SelectMany(report => report.Partitions).All(partition => asked[string.Create(CultureInfo.InvariantCulture, $"orders_p{partition.Partition}")] == partition.Lag);

    private static async Task<Dictionary<string, long>> GuideAsync(BenchDatabase database, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(Guide);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var lags = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            lags[reader.GetString(0)] = reader.GetInt64(2);
            _ = (reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(3));
        }

        return lags;
    }
}
