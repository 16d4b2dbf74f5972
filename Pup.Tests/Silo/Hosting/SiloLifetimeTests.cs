using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Pup.Silo.Hosting;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Hosting;

/// <summary>How a process ends that was told to: the guide's two lines, and 30 seconds between them.</summary>
public sealed class SiloLifetimeTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly XunitLoggerProvider _log = new();
    private readonly Lingering _lingering = new();
    private readonly CancellationTokenSource _told = new();

    public void Dispose()
    {
        _log.Dispose();
        _told.Dispose();
    }

    [Fact]
    public async Task What_has_not_stopped_after_thirty_seconds_is_left_behind_with_an_error_and_exit_code_1()
    {
        using var host = Build();
        var running = SiloLifetime.RunAsync(host, [], work: null, _told.Token);
        await TellAsync();

        _time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(running.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal(1, await running.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.Contains("Error Pup: timeout exceeded: not all work stopped within 30 s", _log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("stopped gracefully", _log.Text, StringComparison.Ordinal);
        _lingering.End.SetResult();
    }

    [Fact]
    public async Task What_stops_in_time_has_stopped_gracefully_with_exit_code_0()
    {
        using var host = Build();
        var running = SiloLifetime.RunAsync(host, [], work: null, _told.Token);
        await TellAsync();

        _time.Advance(TimeSpan.FromSeconds(29.9));
        _lingering.End.SetResult();

        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.Contains("Information Pup: stopped gracefully", _log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("timeout", _log.Text, StringComparison.Ordinal);
    }

    private async Task TellAsync()
    {
        await _told.CancelAsync();
        await _lingering.Stopping.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    private IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(_log);
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddSingleton<IHostedService>(_lingering);
        return builder.Build();
    }

    /// <summary>Takes its time to stop, whatever its token says.</summary>
    private sealed class Lingering : IHostedService
    {
        public TaskCompletionSource Stopping { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            Stopping.SetResult();
            return End.Task;
        }
    }
}
