using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Pup.Tests.Support;

/// <summary>A Prometheus of a test's own, on a loopback port, which asks its targets and its rules every half second.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    public const string Missing = "Needs Prometheus at /usr/bin/prometheus: `apt-get install prometheus`.";

    private const string Program = "/usr/bin/prometheus";

    private const string Configuration = """
        global: { scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms }
        rule_files: [rules.yml]
        scrape_configs:
          - job_name: pup
            file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }]
        """;

    // The shell holds the other end of this process's pipe, so the server ends with the process, also after a kill -9.
    private const string Watchdog = """
        exec 2>/dev/null
        root=$1; shift
        "$@" >"$root/log" 2>&1 </dev/null &
        pid=$!
        read -r line
        kill -KILL $pid
        wait $pid
        rm -rf "$root"
        """;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;
    private readonly string _root;
    private readonly Process _watchdog;

    private PrometheusServer(string root, int port)
    {
        _root = root;
        _http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/")), Timeout = TimeSpan.FromSeconds(20) };
        string[] line =
        [
            "/bin/sh", "-c", Watchdog, "sh", root, Program, $"--config.file={root}/prometheus.yml", $"--storage.tsdb.path={root}/data",
            $"--web.listen-address={_http.BaseAddress.Authority}", "--log.level=warn",
        ];
        _watchdog = Process.Start(new ProcessStartInfo("setsid", line) { RedirectStandardInput = true })!;
    }

    public static bool IsMissing => !File.Exists(Program);

    /// <param name="rules">The text of a file of rules.</param>
    /// <param name="targets">Whose <c>/metrics</c> it asks, for example <see cref="Scenarios.Cluster.SiloProcess.Web"/>.</param>
    public static async Task<PrometheusServer> StartAsync(string rules, params Uri[] targets)
    {
        var root = Directory.CreateTempSubdirectory("pup-prometheus-").FullName;
        await File.WriteAllTextAsync(Path.Combine(root, "prometheus.yml"), Configuration);
        await File.WriteAllTextAsync(Path.Combine(root, "rules.yml"), rules);
        var server = new PrometheusServer(root, LoopbackPort.Free());
        await server.WatchAsync(targets);
        await Eventually.TrueAsync(server.IsReadyAsync, _patience, "Prometheus is ready");
        return server;
    }

    /// <summary>Replaces the targets; it sees them at once.</summary>
    public async Task WatchAsync(params Uri[] targets)
    {
        var file = Path.Combine(_root, "targets.json");
        await File.WriteAllTextAsync(file + ".new", JsonSerializer.Serialize(new[] { new { targets = targets.Select(target => target.Authority) } }));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>What an expression is now: a vector. Throws when Prometheus refuses the expression.</summary>
    public async Task<IReadOnlyList<PrometheusSample>> QueryAsync(string expression)
    {
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("query", expression)]);
        using var answer = await _http.PostAsync(new Uri("api/v1/query", UriKind.Relative), form);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException($"Prometheus refuses {expression}: {json.RootElement.GetProperty("error").GetString()}");
        return
        [
            .. json.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(one => new PrometheusSample(
                one.GetProperty("metric").EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!),
                ValueOf(one.GetProperty("value")[1].GetString()!))),
        ];
    }

    /// <summary>Names of the alerts that fire now.</summary>
    public async Task<IReadOnlyList<string>> FiringAsync() =>
        [.. (await QueryAsync("""ALERTS{alertstate="firing"}""")).Select(alert => alert.Labels["alertname"]).Distinct().Order(StringComparer.Ordinal)];

    public async ValueTask DisposeAsync()
    {
        _watchdog.StandardInput.Close();
        await _watchdog.WaitForExitAsync();
        _watchdog.Dispose();
        _http.Dispose();
    }

    private static double ValueOf(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    private async Task<bool> IsReadyAsync()
    {
        var log = Path.Combine(_root, "log");
        if (File.Exists(log))
            Assert.DoesNotContain("level=error", await File.ReadAllTextAsync(log), StringComparison.Ordinal);
        try
        {
            using var answer = await _http.GetAsync(new Uri("-/ready", UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
