using System.CommandLine;
using Pup.Grains;
using Pup.Silo.Configuration;
using Pup.Silo.Hosting;
using Pup.Silo.Telemetry;
using Pup.Silo.Web;

namespace Pup.Silo.Commands;

/// <summary><c>pup run</c>: a silo that runs projections until it is told to stop.</summary>
internal static class RunCommand
{
    public static Command Create(Action<PupBuilder> configure)
    {
        var command = new Command("run", "Runs the projections of this host until it is told to stop. What a flag says may also stand in the environment or in pup.json: --batch-size as Pup__BatchSize or BatchSize.") { Aliases = { "run-projections", "run-projection" } };
        var flags = new ConfigurationFlags(command, isShown: true);
        command.SetAction((parsed, cancellationToken) => RunAsync(flags.Read(parsed), configure, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(SiloConfiguration configuration, Action<PupBuilder> configure, CancellationToken cancellationToken)
    {
        DatabaseCheck.RequireAddress(configuration);
        using (var loggers = LoggerFactory.Create(logging => SiloLogging.Configure(logging, configuration)))
            await DatabaseCheck.PrepareAsync(configuration.Options, loggers.CreateLogger("Pup"), cancellationToken);
        if (configuration.Http.Http.Length > 0)
            return await SiloWeb.RunAsync(configuration, configure, cancellationToken);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "pup" });
        SiloHost.ConfigureClustered(builder, configuration, configure);
        TelemetryServices.Add(builder, isScraped: false);
        using var host = builder.Build();
        SiloHost.ResolveProjections(host.Services);
        return await SiloLifetime.RunAsync(host, configuration.Notes, work: null, cancellationToken);
    }
}
