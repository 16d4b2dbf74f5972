namespace Pup.Silo.Hosting;

/// <summary>Starts a host, waits until it is told to stop, and stops it within a time limit.</summary>
internal static partial class SiloLifetime
{
    public static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    /// <param name="host">What to run.</param>
    /// <param name="notes">Lines to log once.</param>
    /// <param name="work">What to do once it runs; its end stops the host. Null: run until told to stop.</param>
    /// <param name="cancellationToken">Tells it to stop.</param>
    /// <returns>0, or 1 when the host failed or did not stop in time.</returns>
    public static async Task<int> RunAsync(
        IHost host, IReadOnlyList<string> notes, Func<CancellationToken, Task>? work, CancellationToken cancellationToken)
    {
        var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Pup");
        foreach (var note in notes)
            LogNote(logger, note);
        var failed = false;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        try
        {
            await host.StartAsync(cancellationToken);
            LogStarted(logger);
            await (work ?? UntilStoppedAsync)(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && work is null)
        {
            failed = !cancellationToken.IsCancellationRequested;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StartupException("The silo stopped by itself; the log above says why.");
        }
        finally
        {
            failed |= !await StopAsync(host, logger);
        }

        return failed ? 1 : 0;
    }

    private static Task UntilStoppedAsync(CancellationToken cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken);

    private static async Task<bool> StopAsync(IHost host, ILogger logger)
    {
        LogStopping(logger);
        using var limit = new CancellationTokenSource(ShutdownTimeout, host.Services.GetService<TimeProvider>() ?? TimeProvider.System);
        try
        {
            await host.StopAsync(limit.Token).WaitAsync(limit.Token);
            LogStopped(logger);
            return true;
        }
        catch (OperationCanceledException)
        {
            LogTimeout(logger, ShutdownTimeout.TotalSeconds);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Note}")]
    private static partial void LogNote(ILogger logger, string note);

    [LoggerMessage(Level = LogLevel.Information, Message = "started")]
    private static partial void LogStarted(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "stopping")]
    private static partial void LogStopping(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "stopped gracefully")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(Level = LogLevel.Error, Message = "timeout exceeded: not all work stopped within {Seconds} s; it is left to the next owner of the partitions")]
    private static partial void LogTimeout(ILogger logger, double seconds);
}
