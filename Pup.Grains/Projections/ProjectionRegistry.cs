using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Pup.Grains.Projections;

/// <summary>The projections that this silo hosts.</summary>
internal sealed class ProjectionRegistry
{
    private readonly Dictionary<string, ProjectionDefinition> _definitions = new(StringComparer.Ordinal);

    /// <exception cref="ArgumentException">A name is not allowed or stands twice.</exception>
    public ProjectionRegistry(IEnumerable<ProjectionRegistration> registrations, IOptions<PupOptions> options, IServiceProvider services)
    {
        foreach (var registration in registrations)
        {
            var settings = new ProjectionOptions();
            registration.Configure?.Invoke(settings);
            Validator.ValidateObject(settings, new ValidationContext(settings), validateAllProperties: true);
            var definition = ProjectionDefinition.Of(
                () => (IProjection)ActivatorUtilities.CreateInstance(services, registration.Type), options.Value, settings);
            if (!_definitions.TryAdd(definition.Name, definition))
            {
                throw new ArgumentException(
                    $"Two projections are called '{definition.Name}'; one of them is {registration.Type}. Give each a name of its own.");
            }
        }
    }

    public IReadOnlyCollection<ProjectionDefinition> All => _definitions.Values;

    public ProjectionDefinition? Find(string name) => _definitions.GetValueOrDefault(name);
}
