using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

/// <summary>Appends about 200 events a second, until it is told to stop.</summary>
internal sealed class SteadyWriter : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private SteadyWriter(TestDatabase database) => _running = Task.Run(() => RunAsync(database));

    public static SteadyWriter Start(TestDatabase database) => new(database);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(TestDatabase database)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
        {
            await EventLog.AppendAsync(database, 20, 60);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
        while (!_stop.IsCancellationRequested);
    }
}
