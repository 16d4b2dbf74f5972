using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pup.Grains.Feed;

/// <summary>
/// Listens on pupsourcing's channel, on a connection of its own. It only makes the feed faster: without it the tail
/// loop's polling goes on.
/// </summary>
internal sealed class NotifyListener(PupOptions options, TimeProvider time, ILogger<NotifyListener> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private const string ListenSql = "listen pupsourcing_events";

    public async Task RunAsync(Action wake, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var source = PupConnectionString.CreateDataSource(PupConnectionString.DedicatedSession(options));
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                connection.Notification += (_, _) => wake();
                await using (var listen = new NpgsqlCommand(ListenSql, connection))
                    await listen.ExecuteNonQueryAsync(cancellationToken);
                pause = FirstPause;
                while (true)
                    await connection.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                logger.ListeningFailed(e.Message);
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
        }
    }
}
