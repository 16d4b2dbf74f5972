using Pup.Tests.Docs;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;
using Pup.Tests.Telemetry;

namespace Pup.Tests.Deploy;

/// <summary>Silos, the shipped alerts, and a Prometheus that watches the ones by the others, with times that a test can wait for.</summary>
internal sealed class AlertedCluster : IAsyncDisposable
{
    private readonly MetricsCluster _silos;
    private readonly List<Uri> _targets = [];
    private PrometheusServer? _prometheus;

    private AlertedCluster(MetricsCluster silos) => _silos = silos;

    public static string Shipped => Repository.Read("deploy/prometheus/pup-rules.yml");

    public TestDatabase Database => _silos.Database;

    public PrometheusServer Prometheus => _prometheus!;

    public IReadOnlyList<Uri> Targets => _targets;

    /// <summary>Starts a silo on a short log and waits until all is well.</summary>
    public static async Task<AlertedCluster> StartAsync(PostgresServer server, params string[] environment)
    {
        if (PrometheusServer.IsMissing)
            Assert.Skip(PrometheusServer.Missing);
        var cluster = new AlertedCluster(await MetricsCluster.CreateAsync(server));
        try
        {
            await EventLog.AppendAsync(cluster.Database, 10, 5);
            var silo = await cluster._silos.StartAsync(environment);
            cluster._targets.Add(silo.Web);
            await cluster.CaughtUpAsync();
            cluster._prometheus = await PrometheusServer.StartAsync(ShortenedRules.Of(Shipped), silo.Web);
            await cluster.QuietAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>One more silo, watched as well.</summary>
    public async Task JoinAsync(params string[] environment)
    {
        _targets.Add((await _silos.StartAsync(environment)).Web);
        await WatchAsync();
    }

    public Task CaughtUpAsync() => _silos.CaughtUpAsync();

    /// <summary>Waits until the projection that sees all events has applied them.</summary>
    public Task AppliedAsync() => UntilAsync(
        () => Database.ScalarAsync<bool>("select (select count(*) from ledger where projection = 'watched') >= (select count(*) from events)"), "what was appended is applied");

    public Task WatchAsync() => Prometheus.WatchAsync([.. _targets]);

    /// <summary>Waits until these alerts fire, and others may.</summary>
    public Task FireAsync(params string[] alerts) =>
        UntilAsync(async () => alerts.Except(await Prometheus.FiringAsync()).ToArray() is [], $"{string.Join(" and ", alerts)} fire");

    /// <summary>Waits until these alerts fire, and no others.</summary>
    public Task FireAloneAsync(params string[] alerts) =>
        UntilAsync(async () => alerts.Order(StringComparer.Ordinal).SequenceEqual(await Prometheus.FiringAsync()), $"{string.Join(" and ", alerts)} fire alone");

    /// <summary>Waits until no alert fires, none is about to, and this is not for want of series.</summary>
    public Task QuietAsync() =>
        UntilAsync(async () => await Prometheus.QueryAsync("ALERTS") is [] && await Prometheus.QueryAsync("pupsourcing_projection_lag") is not [], "all is well");

    public Task ShowsAsync(string expression) => UntilAsync(async () => await Prometheus.QueryAsync(expression) is not [], expression);

    public async ValueTask DisposeAsync()
    {
        if (_prometheus is not null)
            await _prometheus.DisposeAsync();
        await _silos.DisposeAsync();
    }

    private async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        try
        {
            await Eventually.TrueAsync(holds, MetricsCluster.Patience, what);
        }
        catch (Xunit.Sdk.FailException failure)
        {
            var alerts = (await Prometheus.QueryAsync("ALERTS")).Select(static alert => string.Join(' ', alert.Labels.Values));
            Assert.Fail($"{failure.Message} Alerts are:\n{string.Join('\n', alerts)}\n{_silos.Log()}");
        }
    }
}
