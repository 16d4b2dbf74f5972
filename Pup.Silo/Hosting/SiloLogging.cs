using Microsoft.Extensions.Logging.Console;
using Pup.Silo.Configuration;

namespace Pup.Silo.Hosting;

/// <summary>Log lines on standard error, as text or JSON, without the platform's chatter.</summary>
internal static class SiloLogging
{
    /// <summary>A category in which Orleans tells how a grain service's part of its ring changes: of no use to anybody here.</summary>
    public const string GrainService = "Pup.Grains.Coordination.Waiting.CommitWatch";

    public static void Configure(ILoggingBuilder logging, SiloConfiguration configuration)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(configuration.LogLevel);
        logging.AddFilter("Orleans", LogLevel.Warning);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Polly", LogLevel.Error);
        logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        logging.AddFilter(GrainService, LogLevel.Warning);
        // It recommends a garbage collector that takes memory for speed; that choice is the container's.
        logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error);
        // Standard output is for what a command answers.
        logging.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        if (configuration.LogJson)
        {
            // A line that a batch or a request wrote carries its trace.
            logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
            logging.AddJsonConsole(options => (options.IncludeScopes, options.UseUtcTimestamp, options.TimestampFormat) = (true, true, "O"));
        }
        else
            logging.AddSimpleConsole(options => (options.SingleLine, options.TimestampFormat) = (true, "HH:mm:ss.fff "));
    }
}
