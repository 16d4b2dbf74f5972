namespace Pup.Silo.Configuration;

/// <summary>A flag, an environment variable or the configuration file says something that cannot be meant.</summary>
internal sealed class ConfigurationException(string message) : StartupException(message)
{
    /// <inheritdoc />
    public override int ExitCode => 2;
}
