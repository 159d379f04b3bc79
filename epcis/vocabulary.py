"""Words of the Core Business Vocabulary 2.0, as an event may say them."""

_BIZ_STEPS = """
accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting
decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting installing
killing loading other packing picking receiving removing repackaging repairing replacing reserving retail_selling
sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting unloading unpacking
void_shipping
"""
_DISPOSITIONS = """
active available completeness_inferred completeness_verified conformant container_closed container_open damaged
destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance
mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed recalled
reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown
"""
_COMPONENTS = """
altitude axial_distance azimuth easting elevation_angle height latitude longitude northing polar_angle
spherical_radius x y z
"""
_MEASUREMENTS = """
AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance AmountOfSubstancePerUnitVolume
Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance Conductance Conductivity Count Density
Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity ElectricCharge ElectricCurrent ElectricCurrentDensity
ElectricFieldStrength Energy Exposure Force Frequency Illuminance Inductance Irradiance KinematicViscosity Length
LinearMomentum Luminance LuminousFlux LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass
MassConcentration MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power
Pressure RadiantFlux RadiantIntensity Radioactivity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume
Speed SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction
VolumetricFlux Wavenumber
"""
_TRANSACTIONS = "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt"

BIZ_STEPS = frozenset(_BIZ_STEPS.split())
DISPOSITIONS = frozenset(_DISPOSITIONS.split())
COMPONENTS = frozenset(_COMPONENTS.split())
MEASUREMENTS = frozenset(_MEASUREMENTS.split())
TRANSACTIONS = frozenset(_TRANSACTIONS.split())
PARTIES = frozenset({"location", "owning_party", "possessing_party"})
REASONS = frozenset({"did_not_occur", "incorrect_data"})
ALERTS = frozenset({"ALARM_CONDITION", "ERROR_CONDITION"})

# In which steps goods come to be as a disposition says, where that is narrow. The vocabulary names these steps as usual
# and forbids no other, so that another pair is worth a remark and no refusal.
USUAL_STEPS: dict[str, frozenset[str]] = {
    "active": frozenset({"commissioning", "creating_class_instance", "encoding", "unpacking", "repackaging"}),
    "container_closed": frozenset({"packing", "staging_outbound", "loading", "departing", "shipping"}),
    "container_open": frozenset({"unpacking", "unloading", "receiving", "inspecting"}),
    "conformant": frozenset({"accepting", "inspecting", "receiving", "sampling"}),
    "non_conformant": frozenset({"accepting", "inspecting", "receiving", "sampling", "holding"}),
    "destroyed": frozenset({"destroying", "killing", "decommissioning"}),
    "dispensed": frozenset({"dispensing", "retail_selling"}),
    "encoded": frozenset({"encoding"}),
    "in_transit": frozenset({"shipping", "departing", "transporting", "arriving", "loading", "consigning"}),
    "inactive": frozenset({"decommissioning", "destroying", "killing"}),
    "partially_dispensed": frozenset({"dispensing"}),
    "recalled": frozenset({"holding", "inspecting", "receiving", "removing", "storing", "staging_outbound"}),
    "reserved": frozenset({"reserving", "holding", "storing"}),
    "retail_sold": frozenset({"retail_selling", "dispensing"}),
    "returned": frozenset({"receiving", "holding", "accepting", "shipping", "arriving", "inspecting"}),
    "sellable_accessible": frozenset(
        {"receiving", "stocking", "storing", "unpacking", "cycle_counting", "stock_taking"}
    ),
}
