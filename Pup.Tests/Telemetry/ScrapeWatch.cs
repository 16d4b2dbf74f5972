using System.Diagnostics;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

/// <summary>Scrapes silos over and over, as Prometheus would, and keeps what they said.</summary>
internal sealed class ScrapeWatch : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly Dictionary<string, SiloProcess> _silos;
    private readonly Dictionary<string, double> _processed = [];
    private readonly List<ScrapeRound> _rounds = [];
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private ScrapeWatch(TestDatabase database, Dictionary<string, SiloProcess> silos)
    {
        (_database, _silos) = (database, silos);
        _running = Task.Run(RunAsync);
    }

    public IReadOnlyList<ScrapeRound> Rounds
    {
        get
        {
            lock (_rounds)
                return [.. _rounds];
        }
    }

    /// <param name="database">Its ledger has the column <c>writer</c>.</param>
    /// <param name="silos">By the names that stand in that column.</param>
    public static ScrapeWatch Start(TestDatabase database, Dictionary<string, SiloProcess> silos) => new(database, silos);

    public async Task<IReadOnlyList<ScrapeRound>> StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        return Rounds;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        do
        {
            var (began, lags) = (_watch.Elapsed, new List<double>());
            foreach (var (name, silo) in _silos)
            {
                if (await ScrapeAsync(silo) is not { } scrape)
                    continue;
                _processed[name] = scrape.Sum(MetricsAgreementTests.Processed, MetricsAgreementTests.Watched);
                lags.AddRange(scrape.Of(MetricsAgreementTests.Lag, MetricsAgreementTests.Watched).Select(sample => sample.Value));
            }

            var round = new ScrapeRound(began, new Dictionary<string, double>(_processed), lags, await RowsAsync());
            lock (_rounds)
                _rounds.Add(round);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
        while (!_stop.IsCancellationRequested);
    }

    // Nothing of one that was killed.
    private static async Task<Scrape?> ScrapeAsync(SiloProcess silo)
    {
        if (silo.HasExited)
            return null;
        try
        {
            return await Scrape.OfAsync(silo);
        }
        catch (HttpRequestException)
        {
            await silo.ExitAsync();
            return null;
        }
    }

    private const string RowsSql = "select writer, count(*) from ledger where projection = 'watched' group by writer";

    private async Task<IReadOnlyDictionary<string, long>> RowsAsync()
    {
        await using var command = _database.DataSource.CreateCommand(RowsSql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = _silos.Keys.ToDictionary(name => name, _ => 0L);
        while (await reader.ReadAsync())
            rows[reader.GetString(0)] = reader.GetInt64(1);
        return rows;
    }
}
