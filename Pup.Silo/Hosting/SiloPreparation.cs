using Microsoft.Extensions.Options;
using Npgsql;
using Pup.Grains;

namespace Pup.Silo.Hosting;

/// <summary>Looks at projections and database before anything in the application starts: a silo cannot join without its tables.</summary>
internal sealed class SiloPreparation(IServiceProvider services, IOptions<PupOptions> options, ILogger<SiloPreparation> logger) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        SiloHost.ResolveProjections(services);
        try
        {
            await DatabaseCheck.PrepareAsync(options.Value, logger, cancellationToken);
        }
        catch (NpgsqlException exception)
        {
            // `pup run` puts it into words by itself; an application shows what it is thrown.
            throw new StartupException(DatabaseCheck.Explain(exception), exception);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
