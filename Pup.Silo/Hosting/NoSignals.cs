namespace Pup.Silo.Hosting;

/// <summary>Leaves signals to the command line, which cancels the command that is running; the host must not act on its own beside it.</summary>
internal sealed class NoSignals : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
