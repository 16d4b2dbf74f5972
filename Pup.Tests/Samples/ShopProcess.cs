using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Pup.Tests.Support;

namespace Pup.Tests.Samples;

/// <summary>The shop in a process of its own, as the README starts it.</summary>
internal sealed class ShopProcess : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _log = new();

    private ShopProcess(Process process, Uri address)
    {
        _process = process;
        // Redirects are answers here, not errands.
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public HttpClient Client { get; }

    public string Output => Text(_output);

    public string Log => Text(_log);

    public static ShopProcess Start(string connectionString, params string[] arguments)
    {
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{LoopbackPort.Free()}"));
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Shop.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        start.Environment["DATABASE_URL"] = connectionString;
        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        start.Environment["Pup__SiloPort"] = LoopbackPort.Free().ToString(CultureInfo.InvariantCulture);
        start.Environment["Pup__GatewayPort"] = LoopbackPort.Free().ToString(CultureInfo.InvariantCulture);
        var shop = new ShopProcess(new Process { StartInfo = start }, address);
        shop._process.OutputDataReceived += (_, line) => Append(shop._output, line.Data);
        shop._process.ErrorDataReceived += (_, line) => Append(shop._log, line.Data);
        shop._process.Start();
        shop._process.BeginOutputReadLine();
        shop._process.BeginErrorReadLine();
        return shop;
    }

    /// <summary>Waits until the shop has opened: only then does it answer at all.</summary>
    public async Task OpenAsync()
    {
        var answer = "";
        await Eventually.TrueAsync(
            async () =>
            {
                Assert.False(_process.HasExited, $"The shop ended: {Output}\n{Log}");
                try
                {
                    answer = await Client.GetStringAsync(new Uri("/health/live", UriKind.Relative));
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            _patience,
            "the shop opens");
        Assert.Equal("Healthy", answer);
    }

    /// <summary>Waits for what this process has to bring about; fails with what it says.</summary>
    public async Task LeadsToAsync(Func<Task<bool>> condition, string what)
    {
        try
        {
            await Eventually.TrueAsync(condition, TimeSpan.FromSeconds(60), what);
        }
        catch (Xunit.Sdk.FailException failure)
        {
            Assert.Fail($"{failure.Message}\n{Log}");
        }
    }

    public Task<string> PageAsync(string path) => Client.GetStringAsync(new Uri(path, UriKind.Relative));

    public async Task<JsonElement> JsonAsync(string path) => await Client.GetFromJsonAsync<JsonElement>(new Uri(path, UriKind.Relative));

    public Task<HttpResponseMessage> OrderAsync(string customer, string article, int quantity) =>
        Client.PostAsJsonAsync(new Uri("/api/orders", UriKind.Relative), new { customer, article, quantity });

    /// <summary>Sends a form as a browser would, and gives where it is sent on to.</summary>
    public async Task<string> SendAsync(string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        using var answer = await Client.PostAsync(new Uri(path, UriKind.Relative), form);
        Assert.True(answer.StatusCode == HttpStatusCode.Redirect, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}\n{Log}");
        return answer.Headers.Location!.ToString();
    }

    /// <summary>Runs to the end, and gives the exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(_patience);
        return _process.ExitCode;
    }

    public async Task<int> TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        return await EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static void Append(StringBuilder to, string? line)
    {
        lock (to)
            to.Append(line).Append('\n');
    }

    private static string Text(StringBuilder from)
    {
        lock (from)
            return from.ToString();
    }
}
